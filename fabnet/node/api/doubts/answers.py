"""What callers get to know of doubts, and what they send to end one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from fabnet.node.api.answers import Answer
from fabnet.node.api.asks import Ask
from fabnet.production.handoff import COUNT_BYTES_MAX


class DoubtAnswer(Answer):
    """One thing that nobody at a desk can know, and what to do about it."""

    kind: str
    """One of `found.KINDS`."""
    side: str
    """`requester` or `facility`, by what this node is to the lot; `node` for itself."""
    job: str
    """Empty where it is about the node."""
    short_code: str
    epoch: int
    peer: str
    """The node at the other end."""
    other: str
    """The workshop, or the cooperative, at the other end."""
    machine: str
    """Its id; empty where it is not known, or there is none."""
    machine_name: str
    facility_name: str
    pieces: int
    """Asked for; 0 where this database does not know."""
    good: int
    """Known here to be good; there may be more."""
    scrap: int
    surplus: int
    signers: int
    """How many must sign to write it off, where the charter names so many; else 0."""
    since_ms: int | None
    """Nil when the story does not tell any more."""
    sentence: str
    to_do: str
    command: str
    """What to type; capitals are to be filled in."""


class Doubts(Answer):
    """Everything here that waits for a person."""

    doubts: list[DoubtAnswer]
    left_out: int
    """How many more there are."""


class NewAttestation(Ask):
    """A signed count of the bench of a lot whose database was lost here."""

    document: Annotated[bytes, msgspec.Meta(min_length=2, max_length=COUNT_BYTES_MAX)]
    """In base64."""


class NewWriteOff(Ask):
    """The signed word that the pieces a lot still lacks are given up."""

    document: Annotated[bytes, msgspec.Meta(min_length=2, max_length=COUNT_BYTES_MAX)]
    """In base64."""
