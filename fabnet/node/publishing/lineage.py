"""Where a new revision comes from: its parents, and the designs that it draws on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.revision import Origin
from fabnet.errors import InputError, RemoteError
from fabnet.node.client import Client

Relation = Literal["remix", "variant", "part"]


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a revision says of those before it."""

    first: Cid | None = None
    """The first revision of the design; nil in the first itself."""
    parents: tuple[Cid, ...] = ()
    origins: tuple[Origin, ...] = ()


NEW: Final = Lineage()
"""Of a design that is the first of its line."""


def read_origin(text: str) -> Origin:
    """Return the origin in `RELATION:CID`, or raise InputError."""
    relation, _, name = text.partition(":")
    try:
        stated = msgspec.convert(relation, Relation)
        return Origin(cid=cids.parse(name), relation=stated)
    except (msgspec.ValidationError, RemoteError) as error:
        expected = "expected remix, variant or part, then a colon and a revision's CID"
        raise InputError("--derived-from", f"{expected}; got {text[:80]!r}") from error


def read_cid(field: str, text: str) -> Cid:
    """Return the CID that was typed, or raise InputError naming the field."""
    try:
        return cids.parse(text)
    except RemoteError as error:
        raise InputError(field, f"{error}; got {text[:80]!r}") from error


async def trace(
    client: Client, parents: Sequence[Cid], origins: Sequence[Origin]
) -> Lineage:
    """Return the lineage that follows from the parents' own manifests.

    They are asked of the node; whatever it answers must hash to the name.
    """
    firsts = {await _first_of(client, parent): parent for parent in parents}
    if len(firsts) > 1:
        several = f"{' and '.join(firsts.values())} are revisions of different designs"
        raise InputError("--parent", several)
    return Lineage(next(iter(firsts), None), tuple(parents), tuple(origins))


async def _first_of(client: Client, parent: Cid) -> Cid:
    raw = await client.get_bytes(f"/v1/designs/{parent}/manifest")
    if cids.of_raw(raw) != parent:
        raise RemoteError(f"{parent}: the node answered with another manifest")
    lineage = revisions.parse(raw).lineage
    return parent if lineage is None else cids.parse(lineage)
