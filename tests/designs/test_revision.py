"""A revision has one byte string, and a manifest that breaks a rule is no revision."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.designs.revision import (
    REVISION_BYTES_MAX,
    Origin,
    RevisionBody,
    encode,
    parse,
    revision_cid,
)
from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.records import canonical
from fabnet.records.credential import Json, canonical_json, strict_loads
from tests.designs.samples import FILES, cid_of, entry, revision

CHANGED = msgspec.structs.replace
FIRST = revision()
RAW = encode(FIRST)


def tampered(change: Callable[[dict[str, Json]], object]) -> bytes:
    document = strict_loads(RAW)
    change(document)
    return canonical_json(document)


def first(document: dict[str, Json], field: str) -> dict[str, Json]:
    values = document[field]
    assert isinstance(values, list)
    value = values[0]
    assert isinstance(value, dict)
    return value


def test_what_is_written_reads_back_under_the_same_name() -> None:
    assert parse(RAW) == FIRST
    assert encode(parse(RAW)) == RAW
    assert revision_cid(RAW) == of_raw(RAW) == cid_of(FIRST)


def test_the_manifest_is_json_that_people_can_read() -> None:
    document = strict_loads(RAW)

    assert document["v"] == 1
    assert first(document, "files")["mediaType"] == "application/octet-stream"
    requirement = first(document, "parts")["requirement"]
    assert isinstance(requirement, dict)
    assert requirement["process"] == "3d-printing.fdm"
    assert "lineage" not in document


@given(
    st.text(min_size=1, max_size=120),
    st.text(max_size=2_000),
    st.integers(1, 3),
    st.lists(st.from_regex(r"[a-z]{1,8}(/[a-z]{9,12})?", fullmatch=True), unique=True),
)
def test_any_revision_reads_back(
    title: str, function: str, quorum: int, paths: list[str]
) -> None:
    made = CHANGED(
        FIRST,
        title=title,
        function=function,
        quorum=quorum,
        files=(*FILES, *(entry(f"more/{path}", "export") for path in paths)),
    )
    try:
        raw = encode(made)
    except MalformedError as error:
        assert "lies in another file" in str(error)  # noqa: PT017  # paths may nest
        return
    assert parse(raw) == made


def test_a_later_version_names_its_lineage_and_its_parents() -> None:
    cid = cid_of(FIRST)
    second = CHANGED(
        FIRST,
        version="2",
        lineage=cid,
        parents=(cid,),
        derived_from=(Origin(cid=of_raw(b"other"), relation="remix"),),
    )

    assert parse(encode(second)) == second
    assert cid_of(second) != cid
    for wrong in ({"lineage": cid}, {"parents": (cid,)}):
        with pytest.raises(MalformedError, match=r"^lineage: expected with parents"):
            encode(CHANGED(FIRST, **wrong))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.pop("v"), "v: expected 1"),
        (lambda d: d.update(v=2), "v: expected 1"),
        (lambda d: d.pop("title"), "Object missing required field `title`"),
        (lambda d: d.update(title=""), "title: Expected `str` of length >= 1"),
        (lambda d: d.update(titel="x"), "Object contains unknown field `titel`"),
        (lambda d: d.update(parents=[]), "revision: not the canonical form"),
        (lambda d: d.update(quorum=4), "quorum: more than there are rightsholders"),
        (lambda d: d.update(quorum=0), "quorum: Expected `int` >= 1"),
        (lambda d: d.update(rightsholders=[]), "rightsholders: Expected `array`"),
        (lambda d: d.update(licence="MIT AND"), "licence: malformed"),
        (lambda d: d.update(licence="mit"), "licence: expected MIT"),
        (lambda d: first(d, "files").update(bytes=-1), r"files\[0\]\.bytes: Expected"),
        (
            lambda d: first(d, "files").update(role="lunch"),
            r"files\[0\]\.role: Invalid",
        ),
        (
            lambda d: first(d, "files").update(cid="b" * 59),
            r"files\[0\]\.cid: Expected",
        ),
        (
            lambda d: first(d, "files").update(cid="bafkrei" + "b" * 52),
            "cid: not the canonical",
        ),
        (
            lambda d: first(d, "files").update(licence="()"),
            r"files\[0\]\.licence: malf",
        ),
        (
            lambda d: first(d, "parts").update(quantity=0),
            r"parts\[0\]\.quantity: Expec",
        ),
        (
            lambda d: first(d, "parts").update(requirement={"process": 3}),
            r"parts\[0\]\.requirement\.process: Expected `str`",
        ),
        (
            lambda d: first(d, "parts").update(requirement=[]),
            r"parts\[0\]\.requirement: ",
        ),
        (
            lambda d: first(d, "parts").update(files=["no"]),
            r"parts\[0\]\.files: no file",
        ),
        (lambda d: d.update(parts=d["parts"] * 2), "parts.name: 'Hook' occurs twice"),
        (
            lambda d: d.update(rightsholders=[d["rightsholders"][0]] * 2, quorum=1),
            "rightsholders.did: .* occurs twice",
        ),
        (
            lambda d: first(d, "rightsholders").update(did="did:key:z6Mk" + "1" * 44),
            r"(public key|did|base58)",
        ),
    ],
)
def test_a_rule_that_is_broken_is_named(
    change: Callable[[dict[str, Json]], object], named: str
) -> None:
    with pytest.raises(MalformedError, match=f"^{named}"):
        parse(tampered(change))


def test_bytes_that_mean_the_same_are_still_refused() -> None:
    with pytest.raises(MalformedError, match="not the canonical form"):
        parse(RAW.replace(b'"v":1', b'"v": 1'))
    with pytest.raises(MalformedError, match="occurs twice"):
        parse(RAW.replace(b'"v":1', b'"v":1,"v":1'))


def test_a_manifest_has_a_most() -> None:
    with pytest.raises(LimitError, match=r"^revision: "):
        parse(b" " * (REVISION_BYTES_MAX + 1))
    many = tuple(entry(f"{'x' * 200}-{n}", "export") for n in range(1_000))
    with pytest.raises(LimitError, match=r"^revision: "):
        encode(CHANGED(FIRST, files=(*FILES, *many)))
    with pytest.raises(MalformedError, match=r"^parts: Expected `array` of length"):
        parse(tampered(lambda d: d.update(parts=[first(d, "parts")] * 201)))


@given(st.binary(max_size=300))
def test_garbage_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(RemoteError):
        parse(raw)


def test_lookups_find_by_name() -> None:
    assert FIRST.part("Hook") is FIRST.parts[0]
    assert FIRST.part("Nail") is None
    assert FIRST.file("hook.stl") == FILES[1]
    assert FIRST.file("nail.stl") is None


def test_the_record_of_a_revision_is_an_array() -> None:
    body = RevisionBody(cid_of(FIRST), len(RAW), of_raw(b"folder"), "Coat hook", None)

    packed = canonical.encode(body)
    assert canonical.decode(packed, RevisionBody, bytes_max=1_000) == body
    assert canonical.decode_plain(packed, bytes_max=1_000) == [
        cid_of(FIRST),
        len(RAW),
        of_raw(b"folder"),
        "Coat hook",
        None,
    ]


def test_a_published_revision_keeps_its_name() -> None:
    """If this fails, every design that was ever published has lost its name."""
    assert (
        cid_of(FIRST) == "bafkreifzw5qf7bjsrdtnj52mdc4znmapfybexubsi55o2d6ewf6qukdale"
    )
