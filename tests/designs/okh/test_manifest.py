"""A manifest comes in clean, says what was done to it, and goes out as it came in."""

from __future__ import annotations

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabnet.designs.okh.keys import ORDER, Dialect
from fabnet.designs.okh.manifest import Imported, Manifest, export_okh, import_okh
from fabnet.designs.okh.report import NOTES_MAX, Note
from fabnet.designs.okh.v1_rules import NAMES
from fabnet.designs.okh.values import DEPTH_MAX, Toml, same
from fabnet.designs.okh.yaml_door import write_yaml
from fabnet.designs.revision import OKH_BYTES_MAX
from fabnet.errors import FabnetError, LimitError, MalformedError
from tests.designs.samples import HOOK

DIALECTS: tuple[Dialect, ...] = ("losh", "v1")
SMALL: dict[str, Toml] = {
    "okhv": "2.4",
    "name": "Hook",
    "repo": "https://example.org/hook",
    "version": "1",
    "license": "MIT",
    "licensor": "Ada",
    "function": "Holds.",
    "tsdc": "STD",
}


def read(**changes: Toml) -> Imported:
    return import_okh(tomli_w.dumps(SMALL | changes).encode())


def told(found: Imported) -> list[tuple[str, str]]:
    return [(note.code, note.key) for note in found.report]


def test_a_manifest_says_what_it_holds() -> None:
    manifest = import_okh(HOOK.encode()).manifest
    hook, plate, assembly, screw = manifest.parts

    assert (manifest.name, manifest.version) == ("Coat hook", "1.0.0")
    assert manifest.licence == "CERN-OHL-S-2.0"
    assert manifest.licensor == ("Ada", "Ben")
    assert manifest.repo == "https://example.org/hook"
    assert manifest.bom == ("bom.csv",)
    assert manifest.missing == ()
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
    found = import_okh(HOOK.encode())

    assert found.report == (Note("warning", "unknown-key", "colour-of-the-day"),)
    assert found.manifest.data["colour-of-the-day"] == "green"
    assert b'colour-of-the-day = "green"' in export_okh(found.manifest)


@pytest.mark.parametrize("key", [key for key in SMALL if key != "tsdc"])
def test_a_missing_key_is_an_error_and_nothing_is_put_there(key: str) -> None:
    short = {name: value for name, value in SMALL.items() if name != key}
    found = import_okh(tomli_w.dumps(short).encode())

    assert found.errors == (Note("error", "missing", key),)
    assert not found.ok
    assert key == "okhv" or key not in found.manifest.data


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("name", "  ", "says-nothing"),
        ("name", 3, "says-nothing"),
        ("version", True, "says-nothing"),
        ("okhv", "3.0", "unknown-edition"),
        ("licensor", [], "says-nothing"),
        ("licensor", {"email": "a@example.org"}, "says-nothing"),
        ("license", [], "says-nothing"),
        ("part", "Ring", "not-tables"),
        ("part", [{"source": "ring.scad"}], "missing"),
    ],
)
def test_a_key_that_says_nothing_is_an_error(key: str, value: Toml, code: str) -> None:
    found = read(**{key: value})

    assert [note.code for note in found.errors] == [code]
    assert found.errors[0].key.startswith(key)


def test_a_part_alone_is_read_and_says_what_it_lacks() -> None:
    found = import_okh(b'okhv = "2.0"\nname = "Clamp"\ntsdc = "3DP"\n')

    assert found.manifest.missing == tuple(
        key for key in SMALL if key not in {"okhv", "name", "tsdc"}
    )
    assert found.manifest.module.process is not None


def test_nobody_is_given_a_process_that_is_not_stated() -> None:
    found = read(tsdc="", part=[{"name": "Foot", "source": "f.scad"}])

    assert found.manifest.parts[0].process is None
    assert ("no-process", "tsdc") in told(found)
    assert ("part-without-process", "part[0].tsdc") in told(found)


def test_what_cannot_be_read_is_reported_and_not_guessed() -> None:
    part: Toml = {
        "name": "Ring",
        "outer-dimensions": {"widht": 28, "height": 30, "depth": 28},
        "mass": "a lot",
        "tsdc": "XYZ",
    }
    found = read(part=[part])
    ring = found.manifest.parts[0]

    assert (ring.size_um, ring.mass_mg, ring.process) == (None, None, None)
    assert ring.data == part
    assert told(found) == [
        ("near-known-key", "part[0].outer-dimensions.widht"),
        ("unknown-process", "part[0].tsdc"),
        ("not-read", "part[0].outer-dimensions"),
        ("not-read", "part[0].mass"),
    ]
    assert found.report[0].args == (("near", "width"),)


def test_our_own_table_is_read_strictly() -> None:
    wrong: list[Toml] = [{"quantity": 0}, {"quantty": 2}, {"skills": ["No Token"]}]
    for ours in wrong:
        found = read(part=[{"name": "Ring", "tsdc": "STD", "fabnet": ours}])
        assert told(found) == [("own-table-wrong", "part[0].fabnet")]
        assert not found.ok


def test_paths_are_within_the_folder_and_addresses_are_none() -> None:
    found = read(
        part=[
            {
                "name": "Ring",
                "tsdc": "STD",
                "source": ["/a/b.scad", "./c.scad", "https://example.org/d.scad", ""],
                "export": "../../other.stl",
                "image": [{"location": "e.png", "depicts": "it"}, "f.png"],
            }
        ]
    )
    part = found.manifest.parts[0]

    assert part.source == ("a/b.scad", "c.scad")
    assert part.image == ("e.png", "f.png")
    assert told(found) == [("leads-outside", "part[0].export")]


def test_a_report_is_bounded_and_says_so() -> None:
    found = read(**{f"odd-{index}": "x" for index in range(2 * NOTES_MAX)})
    parts = read(part=[{"tsdc": "STD"} for _ in range(NOTES_MAX + 5)])

    assert len(found.warnings) == NOTES_MAX
    assert parts.report[-1].args == (("notes", 5),)
    assert len(parts.errors) == NOTES_MAX
    assert not parts.ok


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(LimitError, match="bytes; the most is"):
        import_okh(b"[" * (OKH_BYTES_MAX + 1))


@pytest.mark.parametrize("syntax", ["toml", "yaml"])
def test_what_is_nested_too_deep_is_refused(syntax: str) -> None:
    deep: Toml = "x"
    for _ in range(DEPTH_MAX + 1):
        deep = [deep]
    document = SMALL | {"deep": deep}
    whole = tomli_w.dumps(document).encode()
    with pytest.raises(LimitError, match="nests at most"):
        import_okh(whole if syntax == "toml" else write_yaml(document))


def test_nesting_that_the_yaml_reader_refuses_itself_is_the_same_refusal() -> None:
    with pytest.raises(LimitError, match="nests at most"):
        import_okh(b"title: " + b"[" * 5_000)


@pytest.mark.parametrize(
    "raw",
    [b"", b"# nothing\n", b"\xff", b"[package]\nname = 'other'\n", b"a: 1\n", b"x"],
)
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        import_okh(raw)


# ------------------------------------------------------------------ out, and in again

ODD = """\
1.10
yes
null
2020-01-01
0o17
1e5
.inf
<<
- a
# c
a: b
%a
*a
30 g
MIT
CC-BY-SA 4.0
cube(size=[1,2,3]
"""
text = st.text(max_size=12) | st.sampled_from(
    [*ODD.splitlines(), ODD, " x ", "| ", "\x85", "a\n b\n"]
)
scalars = (
    text
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)
BESIDE = """
okh-losh okh-manifest-version organisation documentationLanguage hardware path web
openSCAD unit value
"""
keys = st.text(max_size=5) | st.sampled_from(
    [*ORDER, *sorted(NAMES), *BESIDE.split()],
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=8,
)
documents = st.dictionaries(keys, values, max_size=8)


@given(documents, documents, st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_out_and_in_again_is_where_one_stops(
    some: dict[str, Toml], more: dict[str, Toml], losh: bool
) -> None:
    first = {"okhv": "2.0"} if losh else {"okh-manifest-version": "1.0.0"}
    document = some | {"okh-v1": more} | first
    try:
        found = import_okh(write_yaml(document))
    except FabnetError:
        return
    for dialect in DIALECTS:
        exported = export_okh(found.manifest, dialect)
        again = import_okh(exported).manifest
        assert same(again.data, found.manifest.data)
        assert export_okh(again, dialect) == exported


@given(documents)
@settings(max_examples=60, deadline=None)
def test_unknown_keys_survive(extra: dict[str, Toml]) -> None:
    odd: dict[str, Toml] = {f"x-{key}": value for key, value in extra.items()}
    found = import_okh(tomli_w.dumps(odd | SMALL).encode())

    for dialect in DIALECTS:
        again = import_okh(export_okh(found.manifest, dialect)).manifest
        assert all(same(again.data[key], value) for key, value in odd.items())


def test_a_manifest_that_grew_too_long_is_not_written() -> None:
    long = Manifest({**SMALL, "x": "é" * OKH_BYTES_MAX})
    for dialect in DIALECTS:
        with pytest.raises(LimitError):
            export_okh(long, dialect)


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text("ab:=[]{}\"'#.-&*!|>%1 \n\t", max_size=80).map(str.encode)
)
def test_garbage_is_refused_by_name_or_read_with_errors(raw: bytes) -> None:
    for start in (b"", b"name = 'x'\nversion = 1\n", b"title: x\nlicense: y\n"):
        try:
            assert not import_okh(start + raw).ok
        except FabnetError:
            continue
