"""XML from strangers, element by element: no DTD, no entities, and nothing without end.

The only door to defusedxml. Memory stays that of one token and of the names met so far,
whatever the length of the document. Source: the attacks that defusedxml lists, and
CVE-2023-52425 for the long token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from fabnet.errors import LimitError, MalformedError

DEPTH_MAX: Final = 64
"""Elements within elements; 3MF needs six, and an open element costs memory."""
ELEMENTS_MAX: Final = 4_000_000
"""Of one document: about 2.5 million triangles with their corners, and 12 s."""
NAMES_MAX: Final = 1_000
"""Different names of elements, attributes and prefixes; the parser keeps each."""
TOKEN_BYTES_MAX: Final = 1024 * 1024
"""Bytes without the end of a tag or comment; the parser keeps them all until then."""


class Reader(Protocol):
    """What is told of a document as it is read; names are `{namespace}local`."""

    def start(self, name: str, attributes: Mapping[str, str], depth: int) -> None:
        """Take the beginning of an element; the root has depth 1."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take a piece of text."""

    def prefix(self, prefix: str, namespace: str) -> None:
        """Take a prefix that is declared for the element that begins next."""


def read_xml(pieces: Iterable[bytes], reader: Reader, *, at: str) -> None:
    """Tell `reader` of a document; raise RemoteError, beginning with `at`, for none."""
    target = _Bounded(reader, at)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for piece in pieces:
            target.fed += len(piece)
            parser.feed(piece)
            if target.fed > TOKEN_BYTES_MAX:
                raise LimitError(
                    f"{at}: more than {TOKEN_BYTES_MAX} bytes in one token"
                )
        parser.close()
    except DefusedXmlException as error:
        raise MalformedError(f"{at}: a DTD or entity, which is never read") from error
    except (ParseError, LookupError, ValueError) as error:  # of syntax, of encoding
        raise MalformedError(f"{at}: not well-formed XML: {error}") from error


class _Bounded:
    """A parser's target that counts before it passes on."""

    def __init__(self, reader: Reader, at: str) -> None:
        self._reader = reader
        self._at = at
        self._depth = 0
        self._elements = 0
        self._names: set[str] = set()
        self.fed = 0
        """Bytes given to the parser since it last had something to tell."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        self.fed = 0
        self._depth += 1
        self._elements += 1
        if self._depth > DEPTH_MAX:
            raise LimitError(f"{self._at}: elements more than {DEPTH_MAX} deep")
        if self._elements > ELEMENTS_MAX:
            raise LimitError(f"{self._at}: more than {ELEMENTS_MAX} elements")
        self._count(name, *attributes)
        self._reader.start(name, attributes, self._depth)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.fed = 0
        self._depth -= 1
        self._reader.end(name)

    def data(self, text: str) -> None:
        """Take a piece of text."""
        self.fed = 0
        self._reader.text(text)

    def start_ns(self, prefix: str, namespace: str) -> None:
        """Take a declared prefix."""
        self._count(prefix, namespace)
        self._reader.prefix(prefix, namespace)

    def close(self) -> None:
        """Take the end of the document."""

    def _count(self, *names: str) -> None:
        self._names.update(names)
        if len(self._names) > NAMES_MAX:
            raise LimitError(f"{self._at}: more than {NAMES_MAX} different names")
