"""What a row of the lots' tables has leave, leaves with it: in the same commit.

Where several rows lead from one state to another and name different messages, nothing
is asked of them here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fabnet.production import handoff
from fabnet.production.lots.lot import LOT_TABLE, Lot
from fabnet.production.lots.making import MAKING_TABLE, Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.courier import OutboxRow
from fabnet.protocol.effects import Put
from fabnet.records.body import Body
from fabnet.records.ids import PeerId
from fabnet.records.message import stored_message
from tests.sim.disk import Durable, read

KINDS: Final[Mapping[str, tuple[str, type[Body]]]] = {
    "LEASE": (handoff.LEASE, handoff.Lease),
    "CONFIRM": (handoff.CONFIRM, handoff.Confirm),
    "CANCEL": (handoff.CANCEL, handoff.Cancel),
    "RECEIPT": (handoff.RECEIPT, handoff.Receipt),
    "FINAL": (handoff.FINAL, handoff.Final),
}
"""What is asked for; FENCE, STATUS and LOST are of more than one lot, or of none."""
Change = tuple[str, str]
"""The state before and the state after."""


def _owed(rows: Iterable[tuple[str, str | None, str | None]]) -> dict[Change, str]:
    """Return the message that each change of state owes, if all its rows agree."""
    said: dict[Change, set[str | None]] = {}
    for before, after, message in rows:
        if after is not None and before != after:
            said.setdefault((before, after), set()).add(message)
    return {
        change: next(iter(messages)) or ""
        for change, messages in said.items()
        if len(messages) == 1 and messages <= KINDS.keys()
    }


LOT_OWES: Final = _owed((at, row[0], row[1]) for (at, _), row in LOT_TABLE.items())
MAKING_OWES: Final = _owed(
    (at, row[0], row[1]) for (at, _), row in MAKING_TABLE.items()
)


@dataclass(slots=True)
class Steps:
    """The states of all lots, and what each change of them had leave."""

    states: dict[tuple[PeerId, str, str], str] = field(default_factory=dict)
    """By disk, table and lot."""

    def replaced(self, peer: PeerId, rows: Mapping[str, Mapping[str, bytes]]) -> None:
        """Know that a site goes on with another disk."""
        self.states = {at: it for at, it in self.states.items() if at[0] != peer}
        for table in ("lot", "making"):
            for key, row in rows.get(table, {}).items():
                self.states[peer, table, key] = _state(table, row)

    def committed(self, peer: PeerId, durable: Sequence[Durable]) -> None:
        """Check what one commit changed against what it puts in the outbox."""
        owed: list[tuple[str, str]] = []
        for effect in durable:
            if not isinstance(effect, Put) or effect.table not in ("lot", "making"):
                continue
            is_lot = effect.table == "lot"
            state = _state(effect.table, effect.row)
            at = (peer, effect.table, effect.key)
            change = self.states.get(at, "none"), state
            self.states[at] = state
            message = (LOT_OWES if is_lot else MAKING_OWES).get(change)
            if message is not None:
                owed.append((effect.key.partition(" ")[0], message))
        if not owed:
            return
        left = _in_outbox(durable)
        for key, message in owed:
            assert (key, message) in left, f"H12: {key[-6:]} changed without {message}"


def _state(table: str, row: bytes) -> str:
    return read(row, Lot).state if table == "lot" else read(row, Making).state


def _in_outbox(durable: Sequence[Durable]) -> set[tuple[str, str]]:
    """Return which lots the messages of one commit are about, and their kinds."""
    found: set[tuple[str, str]] = set()
    for effect in durable:
        if isinstance(effect, Put) and effect.table == "outbox":
            message = stored_message(read(effect.row, OutboxRow).envelope)
            for name, (kind, of) in KINDS.items():
                if message.kind == kind:
                    said: Any = message.read(of)
                    found.add((lot_key(said.job, said.epoch), name))
    return found
