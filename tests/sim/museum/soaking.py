"""Bugs that the soak found once: each put back as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fabnet.production.receipt import LOT_CLOSED
from fabnet.protocol import remembering
from fabnet.protocol.replica.replica import Replica
from tests.sim.museum.exhibit import Exhibit, Whole
from tests.sim.museum.stories import HOUR_S, PIECES, made, over, towns
from tests.sim.restoring import backed_up, restored


def brought_back() -> None:
    """A maker is restored, others bring its log back, and then it starts again."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 1)
    backup = backed_up(detroit)
    network.finish(jackson, job)
    restored(detroit, backup)
    network.run(600)
    brought = len(detroit.disk.kept(LOT_CLOSED))
    detroit.crashes()
    restored(jackson, backed_up(jackson))
    detroit.starts()
    network.run(HOUR_S)
    assert len(detroit.disk.kept(LOT_CLOSED)) == brought, "taken twice"
    over(network)


def _of_this_database(restore: Whole) -> Whole:
    def faulty(rows: Mapping[str, Mapping[str, bytes]], replica: Replica) -> None:
        restore(rows, replica)
        ours = replica.voice.identity.peer
        for author in [it for it in replica.heads if it[0] == ours]:
            del replica.heads[author]

    return faulty


SOAKING: Final = {
    "what others brought back is taken again": Exhibit(
        "a record is kept once", "soak seed 12 with restores",
        remembering, "_restore_replica", _of_this_database, brought_back, "kept twice",
    ),
}  # fmt: skip
