"""Bad words on the command line: an exit code, one sentence, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.node.cli.main import main
from tests.content.zips import Packed, zipped
from tests.designs.samples import stl

CID = "bafkrei" + "a" * 52
USAGE, NO = 2, 1
WHERE = ("--latitude", "1", "--longitude", "1", "--name", "x")
ASKED = ("--due", "2030-01-01T12:00Z", "--need", "other", "--for", "Rosa")

FILES = {
    "broken.stl": b"solid",
    "nan.stl": stl([((float("nan"), 0, 0), (1, 0, 0), (0, 1, 0))]),
    "broken.3mf": b"PK",
    "broken.dxf": b"zero\n",
    "hook.obj": b"v 0 0 0",
    "empty.toml": b"",
    "list.toml": b"- a\n",
    "out.zip": zipped([Packed(b"../out")]),
    "text.zip": b"text",
    "config.toml": b"[node]\nname = 3\n",
    "half.toml": b"[node",
    "key.pem": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "charter.json": b"{}",
}

ROWS: tuple[tuple[str, int, str], ...] = (
    ("", USAGE, "the following arguments are required: COMMAND"),
    ("fly", USAGE, "invalid choice: 'fly'"),
    ("--loud", USAGE, "the following arguments are required: COMMAND"),
    ("jobs --jsn", USAGE, "unrecognized arguments: --jsn"),
    ("jobs more", USAGE, "unrecognized arguments: more"),
    ("run", USAGE, "required: config"),
    ("run --check", USAGE, "required: config"),
    ("run absent.toml", NO, "cannot be read"),
    ("run half.toml", NO, "config: not TOML"),
    ("run config.toml", NO, "node.name: expected a name of 1 to 120 letters, got '3'"),
    ("init", NO, "init"),
    ("init there --latitude north", USAGE, "invalid float value: 'north'"),
    ("init there --latitude 91 --longitude 1 --name x", NO, "facility.latitude"),
    ("init there --latitude 1 --longitude 181 --name x", NO, "facility.longitude"),
    ("init there --latitude nan --longitude 1 --name x", NO, "facility.latitude"),
    ("init there WHERE --public nowhere", NO, "listen.public: expected a host and"),
    ("init there WHERE --operator :8102", NO, "listen.operator: expected a host and"),
    ("init there WHERE --address /unix/x", NO, "listen.addresses[0]: address: expect"),
    ("init there WHERE --time-zone Mars", NO, "time_zone"),
    ("init there WHERE --network Fab_City", NO, "node.network: expected a short name"),
    ("measure", USAGE, "required: file"),
    ("measure absent.stl", NO, "absent.stl"),
    ("measure hook.obj", NO, "hook.obj"),
    ("measure broken.stl", NO, "stl.size: expected 84 + 50·n bytes"),
    ("measure nan.stl", NO, "stl.triangle 1: not a finite number"),
    ("measure broken.3mf", NO, "archive: not a sound zip archive"),
    ("measure broken.dxf", NO, "dxf.line 1: expected a group code"),
    ("unpack out.zip", USAGE, "required: folder"),
    ("unpack out.zip there", NO, "a relative path without . and .."),
    ("unpack text.zip there", NO, "not a sound zip archive"),
    ("unpack absent.zip there", NO, "absent.zip"),
    ("okh", USAGE, "required: VERB"),
    ("okh check", USAGE, "required:"),
    ("okh convert list.toml --to losh", NO, "expected keys with values"),
    ("okh convert empty.toml --to losh", NO, "manifest: is empty"),
    ("okh convert list.toml --to v9", USAGE, "invalid choice: 'v9'"),
    ("licence", USAGE, "required: expression"),
    ("licence MIT --act steal", USAGE, "invalid choice: 'steal'"),
    ("licence MIT --actor king", USAGE, "invalid choice: 'king'"),
    ("accept job first", USAGE, "invalid int value: 'first'"),
    ("accept", USAGE, "required: job, epoch"),
    ("count job 1 broken --person Ada", USAGE, "invalid choice: 'broken'"),
    ("count job one good --person Ada", USAGE, "invalid int value: 'one'"),
    ("count job 1 good", USAGE, "required: --person"),
    ("request", USAGE, "required: --due, --need, --for"),
    (
        f"request {CID} --units 1 --due noon --need other --for Rosa",
        NO,
        "--due: expected a time",
    ),
    (
        f"request {CID} --units 1 --due 2030-01-01 --need other --for R",
        NO,
        "--due: expected a t",
    ),
    ("request ASKED --pieces two", USAGE, "invalid int value: 'two'"),
    ("bom", USAGE, "required: DESIGN"),
    ("bom x --units many", USAGE, "invalid int value: 'many'"),
    ("diff x", USAGE, "required: NEW"),
    ("label", USAGE, "required: id"),
    ("label x --paper a3", USAGE, "invalid choice: 'a3'"),
    ("label x --pdf --svg", USAGE, "not allowed with argument"),
    ("token --name ada", USAGE, "required: --role"),
    ("token --name ada --role king", USAGE, "invalid choice: 'king'"),
    ("withdraw x", USAGE, "required: --key"),
    (f"withdraw {CID} --key key.pem --severity hide", USAGE, "invalid choice: 'hide'"),
    (f"withdraw {CID} --key absent.pem --reason x", NO, "absent.pem"),
    (f"withdraw {CID} --key key.pem --reason x", NO, "key.pem"),
    ("publish", USAGE, "required: path, --key"),
    ("publish absent --key key.pem", NO, "key.pem"),
    ("dispute x", USAGE, "required: GRANT, --reason, --key"),
    ("jobs --api ftp://x", NO, "ftp://x"),
    ("jobs --api http://127.0.0.1:9", NO, "http://127.0.0.1:9: no answer"),
    ("story x --api http://127.0.0.1:9", NO, "http://127.0.0.1:9: no answer"),
)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file that a row names, and nothing else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FABNET_TOKEN", "token")
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(("words", "code", "said"), ROWS, ids=[row[0] for row in ROWS])
def test_what_cannot_be_meant_is_said_in_a_line_and_does_nothing(
    words: str,
    code: int,
    said: str,
    there: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = words.replace("WHERE", " ".join(WHERE)).replace("ASKED", " ".join(ASKED))
    try:
        left: object = main(argv.split())
    except SystemExit as exit_:
        left = exit_.code

    told = capsys.readouterr().err
    assert left == code, told
    assert said in told
    assert "Traceback" not in told
    assert sorted(path.name for path in there.rglob("*")) == sorted(FILES)
