"""What a monitoring system reads of this node: counts, and what was last planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from fabnet.node.api.doubts.listing import counted
from fabnet.node.api.exports.figures import Metric
from fabnet.node.api.handlers.known import books
from fabnet.node.api.table import Call, Raw
from fabnet.node.planning.plans import Planned

MEDIA_TYPE: Final = "text/plain; version=0.0.4"


async def get_metrics(call: Call) -> Raw:
    """Return counts of what this node holds, does and last planned."""
    shell = call.shell
    known = await books(shell)
    tolls = shell.links.tolls.counted
    found = [
        _one("links", "Open links to peers", len(shell.linked())),
        _one("blocked_peers", "Peers blocked", len(shell.links.standing.blocks)),
        _since("traffic_cost", "What peers’ traffic cost", tolls["paid"]),
        _since("traffic_waits", "Times a link waited to pay", tolls["waited"]),
        _since("traffic_refused", "Links and requests refused", tolls["refused"]),
        _one(
            "disk_low", "Whether nothing new is begun for want of disk", shell.store.low
        ),
        _one(
            "disk_critical",
            "Whether the room set aside is gone and no piece is begun",
            shell.store.disk == "critical",
        ),
        _one("blob_bytes", "Bytes of files kept", await shell.store.blob_bytes()),
        _since("commits", "Transactions since the start", shell.store.commits),
        _states("jobs", "Jobs filed here", (job.state for job in known.jobs.values())),
        _states(
            "lots", "Lots made here", (lot.state for lot in known.makings.values())
        ),
        Metric(
            "doubts",
            "What waits for a person",
            tuple((await counted(shell, known)).items()),
            label="kind",
        ),
        _since("plans", "Plans made since the start", shell.plans.made),
        *_planned(shell.plans.latest),
    ]
    # The library is loaded when somebody asks, and not before.
    from fabnet.node.api.exports.exposition import exposition  # noqa: PLC0415  # an idle node has no figures to spell

    return Raw(exposition(found), MEDIA_TYPE)


def _planned(latest: Planned | None) -> list[Metric]:
    """Return what the newest plan came to; nothing before the first."""
    if latest is None:
        return []
    return [
        _one("plan_rows", "Rows of the newest plan", latest.rows),
        _one("plan_placed", "Rows that it placed", latest.placed),
        _one("plan_cost_seconds", "Their cost, in waiting", latest.cost_ms / 1_000),
        _one(
            "plan_bound_seconds",
            "What no plan of these rows can cost less than",
            latest.bound_ms / 1_000,
        ),
        _one("plan_seconds", "How long it took to make", latest.took_ms / 1_000),
    ]


def _one(name: str, words: str, value: float) -> Metric:
    return Metric(name, words, (("", value),))


def _since(name: str, words: str, value: int) -> Metric:
    return Metric(name, words, (("", value),), "counter")


def _states(name: str, words: str, states: Iterable[str]) -> Metric:
    return Metric(name, words, tuple(sorted(Counter(states).items())))
