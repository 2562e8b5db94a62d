"""Probes change nothing, see what is said and done, and miss what is not."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from fabnet.production.lots.lot import Ignored
from fabnet.protocol.handoff.doubt import recovery
from tests.house.tree import ROOT
from tests.probes import judging, placing, watching
from tests.probes.placing import PACKAGE, PROBE

SOURCE = '''
"""A file of a room of recovery."""

def look(bench, turn):
    """Say what lies there."""
    if bench is None:
        turn.note("bench", "lost" if turn else "gone", reason="unknown")
        return Refusal("nobody-looked")
    for piece in bench:
        match piece:
            case "good":
                good = 1
            case _:
                good = 0
    return good
'''
ROOM = PACKAGE / "protocol/release.py"
ELSEWHERE = PACKAGE / "protocol/voice.py"


def refusing(name: str) -> object:
    return name


def lived(source: str, path: Path, bench: object) -> tuple[object, list[str]]:
    """Return what `look` says of a bench, and what the probes in it saw."""
    seen: list[str] = []

    def probe(sort: str, word: object = None) -> object:
        seen.append(sort if word is None else f"{sort} {word}")
        return word

    class Turn:
        def note(self, *args: object, **named: object) -> None:
            seen.append(f"noted {args} {named}")

    names = {PROBE: probe, "Refusal": refusing}
    exec(compile(placing.placed(source, path), path, "exec"), names)
    look = names["look"]
    assert callable(look)
    return look(bench, Turn()), seen


def test_what_is_said_is_seen_on_its_way_and_passes_unchanged() -> None:
    said, seen = lived(SOURCE, ELSEWHERE, None)

    assert said == "nobody-looked"
    assert seen == [
        "line lost", "reason unknown",
        "noted ('bench', 'lost') {'reason': 'unknown'}",
        "reason nobody-looked",
    ]  # fmt: skip


def test_each_branch_is_a_path_of_its_own_and_so_is_what_follows_it() -> None:
    _, seen = lived(SOURCE, ROOM, ["good"])

    where = "path protocol/release.py look"
    assert seen == [f"{where}:{line}" for line in (6, 9, 10, 12, 15)]


def test_what_there_is_to_hit_is_found_without_running_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "PACKAGE", tmp_path)
    (tmp_path / "protocol").mkdir()
    file = tmp_path / "protocol/release.py"
    file.write_text(SOURCE, encoding="utf-8")

    assert placing.words(file) == {
        "line lost", "line gone", "reason unknown", "reason nobody-looked"
    }  # fmt: skip
    lines = (6, 7, 9, 10, 12, 14, 15)
    assert placing.paths(file) == {
        f"path protocol/release.py look:{line}" for line in lines
    }


def test_every_room_is_there_and_the_product_is_watched() -> None:
    for room in placing.ROOMS:
        assert (PACKAGE / room).exists(), room
    assert getattr(recovery, PROBE) is watching.probe
    wanted = judging.to_hit()
    assert {"line placed", "reason not-while-lost", "doubt surplus"} <= wanted
    assert sum(each.startswith("path ") for each in wanted) > 200


def test_one_that_is_not_hit_is_named_and_the_words_of_a_test_do_not_count() -> None:
    wanted = judging.to_hit()
    missing = "reason not-while-closed"

    assert judging.unhit(wanted, wanted) == []
    assert judging.unhit(wanted, wanted - {missing}) == [missing]
    assert "reason never-said" not in watching.SEEN
    assert Ignored("never-said").reason == "never-said"
    assert "reason never-said" not in watching.SEEN


def test_a_watched_module_has_its_own_lines_and_is_not_kept_on_disk() -> None:
    tree = placing.placed(ROOM.read_bytes(), ROOM)
    plain = ast.parse(ROOM.read_bytes())
    lines = [node.lineno for node in ast.walk(plain) if isinstance(node, ast.stmt)]
    watched = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    assert set(watched) == set(lines)
    loader = recovery.__spec__.loader
    assert isinstance(loader, watching.Loader)
    with pytest.raises(FileNotFoundError):
        loader.path_stats(recovery.__file__ or "")


CONFTEST = 'pytest_plugins = ("tests.probes.plugin",)\n'
TEST = """
from fabnet.node.api.problem import missing
def test_it():
    assert missing("job", "z").status == 404
"""


@pytest.mark.parametrize(
    ("part", "code"), [(("-n", "1"), 1), (("-k", "it"), 0), (("t",), 0)]
)
def test_only_a_whole_run_is_held_to_all_of_it(
    tmp_path: Path, part: tuple[str, ...], code: int
) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "t/test_it.py").write_text(TEST, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = t\n", encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", "-q", *part],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert run.returncode == code, run.stdout + run.stderr
    assert ("FAILED reason not-while-lost" in run.stdout) == bool(code)
    assert "FAILED reason not-found" not in run.stdout, "its test said it"
