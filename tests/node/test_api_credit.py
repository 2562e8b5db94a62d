"""Credit and passports from the records of other nodes, as they come by gossip."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.cooperation.charter import DOCUMENT_KIND as CHARTER
from fabnet.cooperation.charter import charter_subject, lineage_of
from fabnet.designs.documents.passport import CREDENTIAL as PASSPORT
from fabnet.production import receipt
from fabnet.production.place import place_at
from fabnet.production.receipt import (
    Acceptance,
    LotClosed,
    LotOpened,
    Minutes,
    lot_key,
)
from fabnet.production.request import KIND, Item, Request
from fabnet.protocol.community import DocumentRow
from fabnet.protocol.effects import Keep, Put
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.credential import issue
from fabnet.records.ids import (
    CharterId,
    DocumentId,
    Incarnation,
    JobId,
    MachineId,
    RecordId,
)
from fabnet.records.keys import SigningKey
from fabnet.records.record import Record, seal_record
from tests.node.cooperative import STEWARD, THEN, design
from tests.node.desk import Desk, Json, at_desk

pytestmark = pytest.mark.asyncio

ASKS = SigningKey.from_seed(b"detroit".ljust(32))
MAKES = SigningKey.from_seed(b"barcelona".ljust(32))
POLICY = DocumentId("sha256:" + "0" * 64)
PRESS = MachineId("taller/press")
CLAIMED = (Minutes("set-up", 5), Minutes("machine", 40))


class Gossip:
    """Says things as other nodes would, and keeps them in a desk's store."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.arrival = 1_000
        self.newest: dict[str, Record] = {}

    async def charter(self, node: SigningKey, name: str) -> CharterId:
        subject = charter_subject(
            name=name, stewards=[STEWARD.public], nodes=[node.public.peer]
        )
        document = issue(
            CHARTER,
            issuer=STEWARD.public.did,
            subject=subject,
            valid_from=THEN,
            keys=[STEWARD],
            created=THEN,
        )
        charter = lineage_of(document)
        assert charter is not None
        row = canonical.encode(DocumentRow(document))
        await self.desk.shell.store.commit(
            [Put("charter", f"{charter} 000001", row)], 0
        )
        return charter

    async def say(
        self, key: SigningKey, kind: str, about: str | None, body: Body
    ) -> RecordId:
        prev = self.newest.get(key.public.peer)
        record = seal_record(
            key,
            network="test",
            kind=kind,
            incarnation=Incarnation(1, 1),
            seq=1 if prev is None else prev.header.seq + 1,
            prev=None if prev is None else prev.id,
            moment_ms=1,
            about=about,
            body=body,
        )
        self.newest[key.public.peer] = record
        self.arrival += 1
        await self.desk.shell.store.commit([Keep(record, self.arrival, None)], 0)
        return record.id

    async def lot(self, charter: CharterId) -> JobId:
        """A job of one lot, given to MAKES."""
        request = Request(
            (Item(design().cid, "hook", 6),), 2, None, "other",
            "make_for_peer_at_cost", (), (), None, place_at(42.3, -83.0), charter,
            "0" * 64,
        )  # fmt: skip
        job = JobId(await self.say(ASKS, KIND, None, request))
        opened = LotOpened(
            job, 1, design().cid, "hook", 6, MAKES.public.peer, PRESS, 1, 2, POLICY
        )
        await self.say(ASKS, receipt.LOT_OPENED, lot_key(job, 1), opened)
        return job

    async def closed(
        self, key: SigningKey, job: JobId, passport: bytes | None = None
    ) -> RecordId:
        """An account of that lot, by whoever."""
        body = LotClosed(
            job, 1, ASKS.public.peer, PRESS, 6, 0, "made", CLAIMED, 90, 6_000, POLICY,
            passport,
        )  # fmt: skip
        return await self.say(key, receipt.LOT_CLOSED, lot_key(job, 1), body)

    async def accepted(self, job: JobId, closed: RecordId, *granted: Minutes) -> None:
        body = Acceptance(job, 1, closed, 6, granted)
        await self.say(ASKS, receipt.ACCEPTANCE, lot_key(job, 1), body)


async def credit_of(desk: Desk) -> dict[str, Json]:
    status, credit = await desk.get("/v1/credit")
    assert status == 200
    assert credit["sum_minutes"] == 0
    return credit


def totals(found: Json) -> list[tuple[Json, Json]]:
    assert isinstance(found, list)
    return [
        (each["reason"], each["total_minutes"])
        for each in found
        if isinstance(each, dict)
    ]


async def test_a_matched_pair_posts_and_the_rest_stays_pending(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        gossip = Gossip(desk)
        asks = await gossip.charter(ASKS, "Detroit")
        makes = await gossip.charter(MAKES, "Barcelona")
        job = await gossip.lot(asks)
        closed = await gossip.closed(MAKES, job)
        credit = await credit_of(desk)
        assert totals(credit["pending"]) == [("not-accepted", 45)]
        assert credit["balances"] == []

        await gossip.accepted(job, closed, Minutes("set-up", 5), Minutes("machine", 30))
        credit = await credit_of(desk)
        assert totals(credit["postings"]) == [("", 35)]
        assert totals(credit["pending"]) == [("not-granted", 10)]
        owed = {makes: 35, asks: -35}
        assert credit["balances"] == [
            {"cooperative": charter, "minutes": owed[charter]}
            for charter in sorted(owed)
        ]


async def test_an_acceptance_of_another_account_posts_nothing(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        gossip = Gossip(desk)
        job = await gossip.lot(await gossip.charter(ASKS, "Detroit"))
        await gossip.charter(MAKES, "Barcelona")
        await gossip.closed(MAKES, job)
        await gossip.accepted(job, RecordId(job), *CLAIMED)

        credit = await credit_of(desk)
        assert credit["postings"] == []
        assert totals(credit["pending"]) == [("another-record", 45)]


async def test_of_two_acceptances_the_first_said_counts(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        gossip = Gossip(desk)
        job = await gossip.lot(await gossip.charter(ASKS, "Detroit"))
        await gossip.charter(MAKES, "Barcelona")
        closed = await gossip.closed(MAKES, job)
        await gossip.accepted(job, closed, Minutes("machine", 1))
        await gossip.accepted(job, closed, *CLAIMED)

        assert totals((await credit_of(desk))["postings"]) == [("", 1)]


async def test_a_passport_comes_only_from_whom_the_lot_was_given_to(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        gossip = Gossip(desk)
        job = await gossip.lot(await gossip.charter(ASKS, "Detroit"))
        stranger = SigningKey.from_seed(b"a".ljust(32))
        await gossip.closed(stranger, job, b'{"forged": true}')
        assert (await desk.get(f"/v1/passports/{job}/1"))[0] == 404

        await gossip.closed(MAKES, job, b'{"made": "well"}')
        assert await desk.get(f"/v1/passports/{job}/1") == (200, {"made": "well"})


async def test_only_the_node_that_signed_a_passport_says_it_as_a_jwt(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        gossip = Gossip(desk)
        job = await gossip.lot(await gossip.charter(ASKS, "Detroit"))
        did = MAKES.public.did
        passport = issue(
            PASSPORT, issuer=did, subject={}, valid_from=THEN, keys=[MAKES],
            created=THEN,
        )  # fmt: skip
        await gossip.closed(MAKES, job, passport)

        status, said = await desk.get(f"/v1/passports/{job}/1/jwt")

        assert (status, said["type"]) == (409, "urn:fabnet:reason:signed-elsewhere")
        assert said["args"] == {"issuer": did}
