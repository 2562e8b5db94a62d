"""Bundles: a node's records by number, and frames and files that a stick brought."""

from __future__ import annotations

from typing import Final

from fabnet.content import cid as cids
from fabnet.node.api.answers import Stored
from fabnet.node.api.bundles.answers import FrameTaken
from fabnet.node.api.problem import Problem, missing, refused, wrong_field
from fabnet.node.api.table import ANY, Call, Pieces, Raw
from fabnet.node.bundle.bringing import Bringer
from fabnet.node.bundle.taking import Taker
from fabnet.node.shell import Shell
from fabnet.records.refusal import Refusal

CURSOR_DIGITS_MAX: Final = 16
"""Digits of a number of arrivals: as many as a database can count."""


async def get_proofs(call: Call) -> Raw:
    """Return all proofs of forks, as frames of a bundle."""
    return Raw(await _taker(call.shell).proofs(), ANY)


async def get_section(call: Call) -> Raw | Problem:
    """Return a batch of what arrived after a number, and which files it names."""
    text = call.params["cursor"]
    if not (text.isascii() and text.isdecimal() and len(text) <= CURSOR_DIGITS_MAX):
        return wrong_field("cursor", "a whole number")
    return Raw(await _taker(call.shell).section(int(text)), ANY)


async def get_file(call: Call) -> Raw | Problem:
    """Return a file by its CID; records name it, so it is no secret."""
    cid = cids.parse(call.params["cid"])
    if not await call.shell.blobs.has(cid):
        return missing("file", cid)
    return Raw(call.shell.blobs.path(cid), ANY, filename=cid)


async def take_frame(call: Call, pieces: Pieces) -> FrameTaken | Problem:
    """Take a frame of records or proofs, as if it had come over a link."""
    raw = b"".join([piece async for piece in pieces])
    said = await _bringer(call.shell).frame(raw)
    return refused(said) if isinstance(said, Refusal) else FrameTaken(*said)


async def take_file(call: Call, pieces: Pieces) -> Stored | Problem:
    """Take a file that a revision kept here names, if its bytes have its name."""
    cid = cids.parse(call.params["cid"])
    design = cids.parse(call.params["design"])
    said = await _bringer(call.shell).file(design, cid, pieces)
    return refused(said) if isinstance(said, Refusal) else Stored(cid, said)


def _taker(shell: Shell) -> Taker:
    return Taker(shell.identity, shell.store, shell.blobs)


def _bringer(shell: Shell) -> Bringer:
    return Bringer(
        shell.identity, shell.store, shell.blobs, shell.shelf, shell.runner.ask
    )
