"""What callers send and get about other nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from fabnet.node.api.answers import Answer
from fabnet.node.api.asks import Ask
from fabnet.node.links.limits.standing import WHY_CHARS_MAX
from fabnet.records.ids import PeerIdText

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NewBlock(Ask):
    """A peer to hold no link with, and to give no file."""

    peer: PeerIdText
    why: Annotated[str, msgspec.Meta(max_length=WHY_CHARS_MAX)] = ""
    until: Moment | None = None
    """RFC 3339, with its offset; left out, for ever."""


class NoBlock(Ask):
    """A peer to let in again."""

    peer: PeerIdText


class BlockAnswer(Answer):
    """Why a peer is blocked."""

    why: str
    since_ms: int
    until_ms: int | None


class PeerAnswer(Answer):
    """Another node, as it stands with us."""

    peer: str
    cooperative: str | None
    """What its cooperative calls itself; nil where no charter names it."""
    known: bool
    """Whether its cooperative is vouched for, or the operator named the peer."""
    link: str | None
    """`ours` where we dialled, `theirs` where it did, nil without a link."""
    faults: int
    """What it did wrong since the start, or since it was last shut out."""
    last_fault: str
    shut_out: bool
    blocked: BlockAnswer | None


class Peers(Answer):
    """Every node that is linked, did something wrong, or is blocked."""

    peers: list[PeerAnswer]
