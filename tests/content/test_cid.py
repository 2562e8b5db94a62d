"""A CID has one spelling, and names bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content import cid
from fabnet.errors import MalformedError

HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
FOLDER = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"


def test_a_raw_cid_is_the_one_every_ipfs_client_gives() -> None:
    assert cid.of_raw(b"hello world") == HELLO


def test_a_folder_cid_is_told_from_a_raw_one() -> None:
    assert cid.codec(cid.parse(FOLDER)) == cid.DAG_PB
    assert cid.codec(cid.parse(HELLO)) == cid.RAW


@given(st.binary(), st.sampled_from([cid.RAW, cid.DAG_PB]))
def test_a_cid_survives_every_form_it_takes(data: bytes, codec: int) -> None:
    named = cid.of_raw(data) if codec == cid.RAW else cid.of_dag_pb(data)

    assert cid.parse(named) == named
    assert cid.from_bytes(cid.to_bytes(named)) == named
    assert cid.from_digest(cid.digest(named), codec=codec) == named


@pytest.mark.parametrize(
    "text",
    [
        "",
        HELLO.upper(),
        HELLO[1:],
        HELLO + "a",
        HELLO + "\n",
        "z" + HELLO[1:],
        HELLO[:-1] + "1",
        HELLO[:-1] + "f",  # the same bytes, with a stray bit after them
        HELLO[:-1] + "é",
        "bagkrei" + HELLO[7:],
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
        "bafkqaaa",  # an identity CID names nothing it does not hold
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="cid"):
        cid.parse(text)


@pytest.mark.parametrize("length", [*range(36), 37])
def test_a_binary_cid_of_another_length_is_refused(length: int) -> None:
    binary = (cid.to_bytes(cid.parse(HELLO)) + b"\0")[:length]

    with pytest.raises(MalformedError, match="CIDv1"):
        cid.from_bytes(binary)
