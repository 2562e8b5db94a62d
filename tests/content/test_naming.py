"""A CID is ours in whatever base and version it is written."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content import naming
from fabnet.content.cid import of_dag_pb, of_raw, to_bytes
from fabnet.content.multibase import base58
from fabnet.errors import MalformedError

RAW = of_raw(b"hello world")
BINARY = to_bytes(RAW)


def base36(data: bytes) -> str:
    number, letters = int.from_bytes(data), ""
    while number:
        number, rest = divmod(number, 36)
        letters = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + letters
    return letters


@pytest.mark.parametrize(
    "text",
    [
        RAW,
        "B" + RAW[1:].upper(),
        "f" + BINARY.hex(),
        "z" + base58(BINARY),
        "k" + base36(BINARY),
        "u" + base64.urlsafe_b64encode(BINARY).decode(),
    ],
)
def test_one_cid_has_many_spellings(text: str) -> None:
    assert naming.read(text) == RAW


def test_version_0_is_the_dag_pb_of_its_digest() -> None:
    node = of_dag_pb(b"\x0a\x02\x08\x01")

    text = base58(to_bytes(node)[2:])
    assert text == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    assert naming.read(text) == node


@pytest.mark.parametrize(
    "text",
    [
        naming.PROBE,
        "bafyrmibaa37saf5u6ej7ty5izpmyh5ph25lmnpx2o5qosq4nwhqxsk22uy",
        "bafzaajaiaejcbe4zbl4h6a3rcr3dlrj4cz6pjzrjwfw2j2zl3ggd5c5qdvsfbbq4",
    ],
)
def test_a_sound_cid_of_another_kind_is_nothing_of_ours(text: str) -> None:
    assert naming.read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "b", "hello", RAW[:-1], RAW + "a", "b" + RAW[1:].upper()),
        *("f" + BINARY.hex()[:-2], "f0g", "zO0", "k_1", "k 1", "u=", "bé", "b\n"),
        *("Qm" + "1" * 44, "f02" + BINARY.hex()[2:], "b" * 121, "f01", "..", "%00"),
    ],
)
def test_what_is_no_cid_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        naming.read(text)


@given(st.text(st.characters(max_codepoint=200), max_size=125))
def test_any_text_is_a_cid_or_malformed(text: str) -> None:
    try:
        naming.read(text)
    except MalformedError:
        pass
