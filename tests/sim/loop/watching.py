"""What a link is given to send, held against the disk of whoever sends it: H11."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from fabnet.node.links.frames import Frame, MessageFrame
from fabnet.node.links.link import Link
from fabnet.production import handoff
from fabnet.protocol.courier import OutboxRow
from fabnet.protocol.voice import CountRow
from fabnet.records.message import Message, open_message
from tests.real.cities.export import opened
from tests.real.cities.towns import NETWORK, Town
from tests.sim.disk import read
from tests.sim.loop.node import Node
from tests.sim.loop.wires import HERE


@contextmanager
def nothing_unkept(
    nodes: Sequence[Node], then: Callable[[str], None] = lambda _: None
) -> Iterator[list[str]]:
    """Hold each message against the disk when it is about to leave; return them all.

    `then` is told of each. What was not kept is told at the end, since a node has its
    own ways with an error.
    """
    towns = {node.town.address: node.town for node in nodes}
    seen: list[str] = []
    unkept: list[str] = []
    send = Link.send

    def watched(link: Link, frame: Frame) -> bool:
        if isinstance(frame, MessageFrame):
            message = open_message(frame.envelope, network=NETWORK)
            town = towns[HERE.get()]
            seen.append(f"{town.name}: {message.kind} {message.header.seq}")
            if not _is_kept(town, message):
                unkept.append(seen[-1])
            then(seen[-1])
        return send(link, frame)

    with patch.object(Link, "send", watched):
        yield seen
    assert not unkept, f"H11: left before it was kept: {unkept}"


def _is_kept(town: Town, message: Message) -> bool:
    header = message.header
    if message.kind == handoff.ACK:
        row = _row(town, "taken", header.recipient)
        taken = 0 if row is None else read(row, CountRow).count
        return message.read(handoff.Ack).seq <= taken
    row = _row(town, "outbox", f"{header.recipient} {header.seq:016d}")
    return row is not None and read(row, OutboxRow).envelope == message.envelope


def _row(town: Town, table: str, key: str) -> bytes | None:
    with opened(town.database) as connection:
        found = connection.execute(
            "SELECT row FROM state WHERE peer = ? AND table_name = ? AND key = ?",
            (town.peer, table, key),
        ).fetchone()
    return None if found is None else bytes(found[0])
