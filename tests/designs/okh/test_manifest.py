"""A manifest comes in clean, says what was done to it, and goes out as it came in."""

from __future__ import annotations

import tarfile
import time
import tomllib

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.designs.okh.manifest import (
    LINE_DOTS_MAX,
    Manifest,
    Note,
    Toml,
    export_okh,
    import_okh,
)
from fabnet.errors import (
    FabnetError,
    InputError,
    LimitError,
    MalformedError,
)
from tests.designs.samples import HOOK, shared

SMALL: dict[str, Toml] = {
    "okhv": "2.4",
    "name": "Hook",
    "repo": "https://example.org/hook",
    "version": "1",
    "license": "MIT",
    "licensor": "Ada",
    "function": "Holds.",
}


def imported(**changes: Toml) -> Manifest:
    return import_okh(tomli_w.dumps(SMALL | changes).encode()).manifest


def notes(**changes: Toml) -> list[tuple[str, str]]:
    report = import_okh(tomli_w.dumps(SMALL | changes).encode()).report
    return [(note.code, note.key) for note in report]


def test_a_manifest_says_what_it_holds() -> None:
    manifest = import_okh(HOOK.encode()).manifest
    hook, plate, assembly, screw = manifest.parts

    assert (manifest.name, manifest.version) == ("Coat hook", "1.0.0")
    assert manifest.licence == "CERN-OHL-S-2.0"
    assert manifest.licensor == ("Ada", "Ben")
    assert manifest.repo == "https://example.org/hook"
    assert manifest.bom == ("bom.csv",)
    assert hook.materials == ("pla", "petg")
    assert hook.source == ("hook.scad",)
    assert hook.export == ("hook.stl",)
    assert hook.infill_percent == 30
    assert plate.size_um == (120_000, 80_500, 4_000)
    assert plate.mass_mg == 85_500
    assert plate.tolerance_class == "IT12"
    assert assembly.stated.skills == ("screws",)
    assert screw.process is None


def test_what_is_not_ours_is_reported_and_kept() -> None:
    manifest, report = (
        import_okh(HOOK.encode()).manifest,
        import_okh(HOOK.encode()).report,
    )

    assert report == (Note("unknown-key", "colour-of-the-day", "green"),)
    assert manifest.data["colour-of-the-day"] == "green"
    assert b'colour-of-the-day = "green"' in export_okh(manifest)


@pytest.mark.parametrize("key", SMALL)
def test_a_missing_key_is_named(key: str) -> None:
    short = {name: value for name, value in SMALL.items() if name != key}

    with pytest.raises(InputError, match=f"^{key}: is required by OKH$"):
        import_okh(tomli_w.dumps(short).encode())


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", "  ", "expected text"),
        ("name", 3, "expected text"),
        ("version", True, "expected text"),
        ("okhv", "3.0", "expected one of 2.0, 2.4, OKH-LOSHv1.0"),
        ("licensor", [], "expected a name, or a list of names"),
        ("licensor", {"email": "a@example.org"}, "expected a name, or a list of names"),
    ],
)
def test_a_key_that_says_nothing_is_named(key: str, value: Toml, expected: str) -> None:
    with pytest.raises(InputError, match=f"^{key}: {expected}$"):
        imported(**{key: value})


def test_what_is_normalised_is_reported() -> None:
    changes: dict[str, Toml] = {
        "okhv": "OKH-LOSHv1.0",
        "version": 1.5,
        "license": "LicenseRef-CC BY-SA-4.0",
    }
    manifest = imported(**changes)

    assert manifest.data["okhv"] == "2.4"
    assert manifest.version == "1.5"
    assert manifest.licence == "CC-BY-SA-4.0"
    assert notes(**changes) == [
        ("okhv-read-as", "okhv"),
        ("kept-as-text", "version"),
        ("licence-alias", "license"),
    ]


def test_a_licence_that_nobody_understands_stays_as_it_is_and_is_flagged() -> None:
    assert imported(license="CC-BY, or ask").licence == "CC-BY, or ask"
    assert notes(license="CC-BY, or ask") == [("licence-ambiguous", "license")]


def test_dates_and_numbers_that_json_does_not_have_become_text() -> None:
    raw = tomli_w.dumps(SMALL) + "when = 2026-11-24\nhow-much = nan\n"
    manifest = import_okh(raw.encode()).manifest

    assert manifest.data["when"] == "2026-11-24"
    assert manifest.data["how-much"] == "nan"


def test_what_cannot_be_read_is_reported_and_not_guessed() -> None:
    part: Toml = {
        "name": "Ring",
        "outer-dimensions": {"widht": 28, "height": 30, "depth": 28},
        "mass": "a lot",
        "tsdc": "XYZ",
    }
    changes: dict[str, Toml] = {"part": [part, {"name": "Foot", "source": "f.scad"}]}
    ring, foot = imported(**changes).parts

    assert ring.size_um is None
    assert ring.mass_mg is None
    assert ring.process is None
    assert foot.process is None
    assert notes(**changes) == [
        ("unknown-process", "part[0].tsdc"),
        ("not-read", "part[0].outer-dimensions"),
        ("not-read", "part[0].mass"),
        ("part-without-process", "part[1].tsdc"),
    ]


def test_our_own_table_is_read_strictly() -> None:
    wrong: list[Toml] = [{"quantity": 0}, {"quantty": 2}, {"skills": ["No Token"]}]
    for ours in wrong:
        with pytest.raises(InputError, match=r"^part Ring: fabnet: "):
            imported(part=[{"name": "Ring", "fabnet": ours}])


def test_paths_are_within_the_folder_and_addresses_are_none() -> None:
    part = imported(
        part=[
            {
                "name": "Ring",
                "source": ["/a/b.scad", "./c.scad", "https://example.org/d.scad", ""],
                "image": [{"location": "e.png", "depicts": "it"}, "f.png"],
            }
        ]
    ).parts[0]

    assert part.source == ("a/b.scad", "c.scad")
    assert part.image == ("e.png", "f.png")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"\xff", MalformedError),
        (b"name = ", MalformedError),
        (b"name = 1\nname = 2", MalformedError),
        (b"a = " + b"[" * 5_000, LimitError),
        (b"a = " + b"[" * 20 + b"]" * 20, LimitError),
        (b"a = '" + b"x" * 100_000 + b"'", LimitError),
        (b"a" + b".a" * (LINE_DOTS_MAX + 1) + b" = 1", LimitError),
        (b"a = 0x" + b"f" * 17, InputError),
        (b"a = " + b"9" * 5_000, FabnetError),
    ],
)
def test_bytes_that_attack_are_refused(raw: bytes, error: type[FabnetError]) -> None:
    with pytest.raises(error):
        import_okh(raw)


def test_a_key_of_many_parts_does_not_hold_the_reader_up() -> None:
    path = b"a" + b".a" * (LINE_DOTS_MAX - 1)
    raw = b"".join(path + b".k%d = 1\n" % line for line in range(90))
    started = time.process_time()
    with pytest.raises(LimitError, match="nests at most"):
        import_okh(raw)
    assert time.process_time() - started < 5


keys = st.text("abcXYZ-_ .é", min_size=1, max_size=8)
values = st.recursive(
    st.text(max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(keys, values, max_size=6))
@settings(max_examples=60)
def test_out_and_in_again_is_where_one_stops(extra: dict[str, Toml]) -> None:
    raw = tomli_w.dumps(extra | SMALL).encode()
    manifest = import_okh(raw).manifest
    exported = export_okh(manifest)

    assert {name: manifest.data[name] for name in extra} == extra
    again = import_okh(exported).manifest
    assert again == manifest
    assert export_okh(again) == exported


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_garbage_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(FabnetError):
        import_okh(raw)


def test_the_real_samples_come_in_and_go_out_unchanged() -> None:
    read = 0
    for path in sorted(shared("data/okh").glob("*.toml")):
        raw = path.read_bytes()
        if b"\nrepo" not in raw:
            continue
        manifest = import_okh(raw).manifest
        kept = tomllib.loads(raw.decode())
        assert manifest.data.keys() == kept.keys()
        again = import_okh(export_okh(manifest))
        assert again.manifest == manifest
        read += 1
    assert read >= 15


def test_the_public_list_comes_in_without_a_crash() -> None:
    archive = shared("data/okh") / "losh_list_half_CC0.tar.gz"
    understood = total = 0
    with tarfile.open(archive) as members:
        for member in members:
            file = members.extractfile(member)
            if file is None or not member.name.endswith(".toml"):
                continue
            imported_ = import_okh(file.read())
            total += 1
            codes = {note.code for note in imported_.report}
            understood += codes.isdisjoint(
                {"licence-unknown", "licence-malformed", "licence-odd-letters"}
            )
    assert total > 1_000
    assert understood >= 0.93 * total
