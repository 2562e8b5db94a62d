"""XML is read element by element, and ends at the first thing that has no end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.geometry import strict_xml
from fabnet.designs.geometry.strict_xml import read_xml
from fabnet.errors import LimitError, MalformedError, RemoteError

LAUGHS = b"""<!DOCTYPE a [<!ENTITY x0 "ha"><!ENTITY x1 "&x0;&x0;">]><a>&x1;</a>"""


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[object] = []

    def start(self, name: str, attributes: Mapping[str, str], depth: int) -> None:
        self.said.append((name, dict(attributes), depth))

    def end(self, name: str) -> None:
        self.said.append(f"/{name}")

    def text(self, text: str) -> None:
        self.said.append(text)

    def prefix(self, prefix: str, namespace: str) -> None:
        self.said.append((prefix, namespace))


def read(*pieces: bytes) -> list[object]:
    heard = Heard()
    read_xml(pieces, heard, at="xml")
    return heard.said


def test_a_document_is_told_in_order() -> None:
    assert read(b'<a xmlns:p="urn:p"><p:b c="1">te', b"xt</p:b></a>") == [
        ("p", "urn:p"),
        ("a", {}, 1),
        ("{urn:p}b", {"c": "1"}, 2),
        "te",
        "xt",
        "/{urn:p}b",
        "/a",
    ]


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;]><a/>',
        LAUGHS.decode().encode("utf-16"),
    ],
)
def test_a_dtd_is_never_read(document: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^xml: a DTD or entity"):
        read(document)


@pytest.mark.parametrize(
    "document",
    [
        *(b"", b"<a>", b"<a></b>", b"<a/><b/>", b"<a>&x;</a>", b"\x00", b"<p:a/>"),
        b'<?xml version="1.0" encoding="utf-99"?><a/>',
    ],
)
def test_what_is_not_well_formed_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^xml: not well-formed XML"):
        read(document)


def test_limits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(b"<a>" * 64 + b"</a>" * 64)
    with pytest.raises(LimitError, match="elements more than 64 deep"):
        read(b"<a>" * 65 + b"</a>" * 65)
    with pytest.raises(LimitError, match="more than 1000 different names"):
        read(b"<a>" + b"".join(b"<b%d/>" % n for n in range(1_000)) + b"</a>")
    with pytest.raises(LimitError, match="more than 1048576 bytes in one token"):
        read(b"<a ", *[b" " * 65_536] * 17)
    with pytest.raises(LimitError, match="in one token"):
        read(b"<a><!--", *[b"x" * 65_536] * 17)
    monkeypatch.setattr(strict_xml, "ELEMENTS_MAX", 3)
    assert read(b"<a><b/><b/></a>")
    with pytest.raises(LimitError, match="more than 3 elements"):
        read(b"<a><b/><b/><b/></a>")


PIECES = ("<a", ">", "</a>", "<b", " c='1'>", "&", ";", "<!", "[", "]", "--", "é", "x")


@given(st.lists(st.sampled_from(PIECES)))
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    with suppress(RemoteError):
        read("".join(words).encode())


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(RemoteError):
        read(b"<a>", data, b"</a>")
