"""Whatever authors say and wires do, all sites come to show the same (R1 to R12).

The invariants are those of the design's section on replication: each is an assertion
here, or a test of its name in `test_replica.py`, `test_store.py` and `tests/sim`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from random import Random

import pytest

from fabnet.cooperation import charter as charters
from fabnet.protocol import gossip
from fabnet.protocol.events import BatchHeard, ProofsHeard
from fabnet.protocol.replica import checkpoints, ends, notices
from fabnet.protocol.replica import replica as replicas
from fabnet.protocol.replica.ends import Ends
from fabnet.records.ids import RecordId
from fabnet.records.proofs.fork import Fork
from tests.protocol.histories import (
    AUTHOR_IDS,
    CHECKPOINT_RECORDS,
    FORKS,
    LOG_BYTES,
    LOG_RECORDS,
    NOTICES,
    SYBIL_KEYS,
    history,
    outcome,
)
from tests.protocol.sites import Site, Sites

HISTORIES = 100
REAL_HISTORIES = 8_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make bounds small, and pure checks of documents once: many sites ask the same."""
    monkeypatch.setattr(replicas, "LOG_BYTES_MAX", LOG_BYTES)
    monkeypatch.setattr(replicas, "LOG_RECORDS_MAX", LOG_RECORDS)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_RECORDS", CHECKPOINT_RECORDS)
    monkeypatch.setattr(notices, "NOTICES_PER_AUTHOR_MAX", NOTICES)
    monkeypatch.setattr(ends, "FORKS_PER_AUTHOR_MAX", FORKS)
    monkeypatch.setattr(gossip, "RECONCILE_MIN", 8)
    for name in ("open_credential", "lineage_of"):
        remembered = lru_cache(maxsize=4_096)(getattr(charters, name))
        monkeypatch.setattr(charters, name, remembered)


def lived(seed: int) -> Sites:
    dice = Random(seed)
    sites = Sites(dice, history(dice))
    sites.run()
    return sites


def check(sites: Sites) -> None:
    first, *others = sites.sites
    for other in others:
        assert other.view() == first.view(), "R1"
    expected = outcome(sites.drawn, first.proven())
    shown, _, proven = first.view()
    assert shown == expected.valid, "R1, R3, R6, R7"
    for place, seq in expected.forks.items():
        assert proven.get(place) == seq, "R4"
    for mine, theirs in sites.links:
        _bodies_went_round(sites.sites[mine], sites.sites[theirs])
    for site in sites.sites:
        assert site.heaviest() <= LOG_BYTES, "R6"
        _no_hole(site)
        _within_cuts(site)
        _no_stranger(site)
        _replayed(site)


def _no_hole(site: Site) -> None:
    taken: dict[object, set[int]] = {}
    shown: dict[object, int] = {}
    for at, (record, _) in site.disk.records.items():
        if record.is_notice:
            continue
        header = record.header
        log = (header.author, header.incarnation)
        taken.setdefault(log, set()).add(header.seq)
        if at not in site.disk.void and record.kind != charters.KIND:
            shown[log] = max(shown.get(log, 0), header.seq)
    for place, last in shown.items():
        assert set(range(1, last)) <= taken[place], "R3"


def _bodies_went_round(one: Site, other: Site) -> None:
    for site, neighbour in ((one, other), (other, one)):
        whole = {each.id for each in neighbour.disk.valid() if each.body is not None}
        assert not site.lacks() & whole, "R1: a body that a neighbour has"
        for id_ in site.disk.pruned:
            record, _ = site.disk.records[site.disk.arrivals[RecordId(id_)]]
            assert record.body is None, "R8: a pruned body came back"


def _within_cuts(site: Site) -> None:
    for record in site.disk.valid():
        cut = site.peer.community.cut(record.author)
        if cut is not None and record.kind != charters.KIND:
            place = record.header.incarnation, record.header.seq
            assert not record.is_notice, "R7"
            assert place <= cut, "R7"


def _no_stranger(site: Site) -> None:
    sybils = {key.public.peer for key in SYBIL_KEYS}
    kept = {record.author for record, _ in site.disk.records.values()}
    assert not kept & sybils, "R12"
    rows = [key for table in site.disk.rows.values() for key in table]
    assert not [key for key in rows for peer in sybils if key.startswith(f"{peer} ")]


def _replayed(site: Site) -> None:
    before = site.bytes_kept(), set(site.disk.void), site.durable(), site.view()
    said: list[object] = []
    site.say = lambda _, event: said.append(event)
    for event in [*site.heard]:
        assert isinstance(event, BatchHeard | ProofsHeard)
        site.happen(event)
    after = site.bytes_kept(), set(site.disk.void), site.durable(), site.view()
    assert after == before, "R11"


def seeds(count: int, parts: int) -> list[range]:
    ends_at = [part * count // parts for part in range(parts + 1)]
    return [range(first, last) for first, last in pairwise(ends_at)]


@pytest.mark.parametrize("part", seeds(HISTORIES, 4), ids=str)
def test_r1_all_sites_come_to_show_the_same(part: range) -> None:
    for seed in part:
        check(lived(seed))


@pytest.mark.real
@pytest.mark.parametrize("part", seeds(REAL_HISTORIES, 16), ids=str)
def test_r1_all_sites_come_to_show_the_same_in_thousands_of_histories(
    part: range,
) -> None:
    for seed in part:
        check(lived(1_000_000 + seed))


FOUND = {1_004_488: "a notice was said anew while its author's came in two supplies"}


@pytest.mark.parametrize("seed", FOUND)
def test_r1_what_a_history_found_once_holds_since(seed: int) -> None:
    check(lived(seed))


def test_first_seen_wins_would_part_the_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule that most feeds have; the check above finds it out."""

    def nothing(_: Ends, __: object, fork: Fork) -> bool:
        assert fork.author in AUTHOR_IDS
        return False

    monkeypatch.setattr(Ends, "learn", nothing)
    parted = 0
    for seed in range(40):
        first, *others = lived(seed).sites
        parted += any(other.view() != first.view() for other in others)

    assert parted >= 10
