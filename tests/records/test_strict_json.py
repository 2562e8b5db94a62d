"""A JSON document means one thing to every reader, or it is not read."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.records.credential import (
    DEPTH_MAX,
    DOCUMENT_BYTES_MAX,
    Json,
    canonical_json,
    strict_loads,
)
from tests.content.shared import vectors

INT_MAX = 2**53 - 1
TEXTS = st.text(max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | TEXTS
DOCUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
        max_leaves=8,
    ),
    max_size=4,
)


@given(DOCUMENTS)
def test_what_is_written_is_read_as_it_was(document: dict[str, Json]) -> None:
    written = canonical_json(document)

    assert strict_loads(written) == document
    assert strict_loads(json.dumps(document, indent=1).encode()) == document
    assert canonical_json(strict_loads(written)) == written


@given(DOCUMENTS)
def test_what_is_written_is_what_rfc_8785_writes(document: dict[str, Json]) -> None:
    assert canonical_json(document) == rfc8785.dumps(document)


@given(st.binary(max_size=30))
def test_noise_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    try:
        strict_loads(noise)
    except RemoteError:
        pass


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b' {"a" : [ true , false , null ] }\n',
        b'{"a":9007199254740991,"b":-9007199254740991,"c":-0}',
        b'{"a":"\\ud83d\\ude00"}',  # a whole surrogate pair
        '{"a":"é\U0001f600"}'.encode(),
    ],
)
def test_plain_json_is_read(raw: bytes) -> None:
    assert strict_loads(raw) == json.loads(raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"a":1,"a":1}', "'a' occurs twice"),
        (b'{"a":1,"\\u0061":2}', "'a' occurs twice"),
        (b'{"x":[{"b":{},"b":{}}]}', "'b' occurs twice"),
        (b'{"a":0.5}', "whole number"),
        (b'{"a":1.0}', "whole number"),
        (b'{"a":1e3}', "whole number"),
        (b'{"a":NaN}', "whole number"),
        (b'{"a":-Infinity}', "whole number"),
        (b'{"a":9007199254740992}', "2\\*\\*53"),
        (b'{"a":-9007199254740992}', "2\\*\\*53"),
        (b'{"a":' + b"9" * 5_000 + b"}", "2\\*\\*53"),
        (b'{"a":01}', "json"),
        (b'{"a":+1}', "json"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":["\\ude00\\ud83d"]}', "surrogate"),
        (b'{"\\ud800":1}', "surrogate"),
        (b'{"a":"\xff"}', "json"),
        (b'{"a":"\xed\xa0\x80"}', "json"),
        (b'{"a":"\xc0\x80"}', "json"),
        (b'\xef\xbb\xbf{"a":1}', "json"),
        ('{"a":1}'.encode("utf-16"), "json"),
        (b'{"a":"\n"}', "json"),
        (b'{"a":"\0"}', "json"),
        (b"{'a':1}", "json"),
        (b'{"a":1,}', "json"),
        (b'{"a":[1,]}', "json"),
        (b'{"a":1}{"a":1}', "json"),
        (b'{"a":1} x', "json"),
        (b'{"a":1}/* no */', "json"),
        (b'{"a"', "json"),
        (b"", "json"),
        (b"[]", "expected an object"),
        (b'"a"', "expected an object"),
        (b"null", "expected an object"),
        (b"1", "expected an object"),
    ],
)
def test_json_that_could_mean_two_things_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        strict_loads(raw)


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 500, 40_000])
def test_json_nests_only_so_deep(depth: int) -> None:
    strict_loads(nested(DEPTH_MAX))

    with pytest.raises(LimitError, match="nests at most 32"):
        strict_loads(nested(depth))


def test_a_long_document_is_refused_unread() -> None:
    longest = b'{"a":"' + b"x" * (DOCUMENT_BYTES_MAX - 8) + b'"}'
    strict_loads(longest)

    with pytest.raises(LimitError, match="the most is 262144"):
        strict_loads(longest + b" ")


def test_keys_are_ordered_by_utf_16_as_rfc_8785_has_it() -> None:
    document: Json = {"\uff5e": 1, "\U0001f600": 2, "é": 3, "": 4, "a": 5}

    assert list(json.loads(canonical_json(document))) == [
        "",
        "a",
        "é",
        "\U0001f600",
        "\uff5e",
    ]


def test_the_example_of_rfc_8785_comes_out_as_printed_there() -> None:
    """Sections 3.2.2 and 3.2.3, written by hand."""
    given = json.loads(
        r"""{
          "numbers": [333333333.33333329, 1E30, 4.50,
                      2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"""
    )

    assert canonical_json(given).decode() == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r""""string":"€$\u000f\nA'B\"\\\\\"/"}"""
    )


@pytest.mark.parametrize("value", [2**53, "\ud800", {"\ud800": 1}])
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(MalformedError, match="json"):
        canonical_json(value)


@pytest.mark.parametrize(
    "name", ["arrays", "french", "structures", "unicode", "values", "weird"]
)
def test_the_vectors_of_rfc_8785_agree(name: str) -> None:
    folder = vectors("rfc8785-jcs/testdata")
    given = json.loads((folder / "input" / f"{name}.json").read_bytes())

    expected = bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())
    assert canonical_json(given) == expected
