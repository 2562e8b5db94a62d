"""Real manifests of the commons, and attacks under the limits of a small machine."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fabnet.designs.licence.normalise import normalise
from fabnet.designs.okh.keys import Dialect
from fabnet.designs.okh.manifest import Imported, export_okh, import_okh
from tests.designs.samples import shared

ATTACKS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
from fabnet.designs.okh.manifest import import_okh
from fabnet.errors import RemoteError

bomb = "a0: &a0 [lol, lol]\\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\\n" for n in range(1, 12)
)
attacks = {
    "64 MiB of TOML": b"a = '" + b"x" * (64 << 20) + b"'",
    "64 MiB of YAML": b"a: " + b"x" * (64 << 20),
    "billion laughs": bomb.encode(),
    "a tag": b"title: !!python/object/apply:os.system ['true']",
    "deep YAML": b"title: " + b"[" * 90_000,
    "deep TOML": b"okhv = " + b"[" * 90_000,
    "a long dotted key": b"a" + b".a" * 40_000 + b" = 1",
    "many dotted keys": b"".join(
        b"a" + b".a" * 30 + b".k%d = 1\\n" % n for n in range(1_300)
    ),
}
for name, raw in attacks.items():
    try:
        import_okh(raw)
    except RemoteError as error:
        print(name, "|", error)
    else:
        sys.exit(f"{name} was read")
"""


def singles() -> list[Path]:
    return sorted(
        path
        for path in shared("data/okh").iterdir()
        if path.suffix in {".toml", ".yml"}
    )


def listed() -> Iterator[bytes]:
    """Every manifest of the public list that is here."""
    with tarfile.open(shared("data/okh") / "losh_list_half_CC0.tar.gz") as members:
        for member in members:
            file = members.extractfile(member)
            if file is not None and member.name.endswith(".toml"):
                yield file.read()


def both_ways(found: Imported) -> None:
    dialects: tuple[Dialect, ...] = ("losh", "v1")
    for dialect in dialects:
        exported = export_okh(found.manifest, dialect)
        again = import_okh(exported)
        assert again.manifest == found.manifest
        assert export_okh(again.manifest, dialect) == exported


def test_the_single_samples_come_in_and_go_out_unchanged() -> None:
    found = {path.name: import_okh(path.read_bytes()) for path in singles()}

    assert len(found) >= 26
    # That of a part, of which its whole has the rest.
    assert [name for name, it in found.items() if not it.ok] == [
        "losh_dummy-clampring.toml"
    ]
    assert {it.dialect for name, it in found.items() if name[:4] == "okh1"} == {"v1"}
    for each in found.values():
        both_ways(each)


def test_the_loom_is_read_as_its_makers_meant_it() -> None:
    raw = (shared("data/okh") / "losh_list_OHLOOM.toml").read_bytes()
    manifest = import_okh(raw).manifest
    comb = next(part for part in manifest.parts if part.name == "CombModul")

    assert len(manifest.parts) == 18
    assert comb.size_um == (120_000, 100_000, 5_000)
    assert comb.mass_mg == 30_000
    assert comb.materials == ("pla",)
    assert comb.process is not None
    assert comb.process.token == "3d-printing.fdm"


def test_a_typo_in_the_wild_is_told_and_stays() -> None:
    raw = (shared("data/okh") / "losh_dummy-mosh-a.toml").read_bytes()
    found = import_okh(raw)
    near = {note.key: dict(note.args).get("near") for note in found.warnings}

    assert near["part[0].outer-dimensions.widht"] == "width"
    assert near["technology-readiness-level"] == "OTRL-5"
    assert found.manifest.parts[0].size_um is None


def test_the_noncommercial_sample_is_flagged() -> None:
    raw = (shared("data/okh") / "okh1_tw4-erv.yml").read_bytes()

    assert "licence-not-open" in {note.code for note in import_okh(raw).warnings}


def test_the_public_list_comes_in_and_goes_out_unchanged() -> None:
    found = [import_okh(raw) for raw in listed()]

    assert len(found) == 1_048
    assert all(it.ok for it in found)
    for each in found:
        both_ways(each)


def test_of_the_public_list_nothing_is_made_up() -> None:
    for raw in listed():
        manifest = import_okh(raw).manifest
        stated = b"tsdc" in raw
        made = [part for part in (manifest.module, *manifest.parts) if part.process]
        assert stated or not made


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX's")
def test_attacks_are_refused_by_name_within_ten_seconds_and_half_a_gigabyte() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ATTACKS],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )

    assert done.returncode == 0, done.stderr
    reasons = dict(line.split(" | ") for line in done.stdout.splitlines())
    assert len(reasons) == 8
    assert "bytes; the most is" in reasons["64 MiB of TOML"]
    assert "anchor" in reasons["billion laughs"]
    assert "nests at most" in reasons["deep YAML"]
    assert "a key has at most" in reasons["a long dotted key"]


def test_93_percent_of_the_licences_listed_are_read_and_the_rest_flagged() -> None:
    read = total = 0
    for raw in listed():
        found = import_okh(raw)
        flagged = any(note.code.startswith("licence-") for note in found.warnings)
        understood = normalise(found.manifest.licence).expression
        assert flagged or understood == found.manifest.licence
        total += 1
        read += not flagged
    assert read >= 0.93 * total
