"""A grant comes under dispute while it is relied on, told from both ends."""

from __future__ import annotations

from fabnet.content.cid import Cid
from fabnet.designs.documents.dispute import (
    CREDENTIAL,
    KIND,
    Dispute,
    DisputeBody,
    dispute_subject,
)
from fabnet.designs.documents.passport import open_passport
from fabnet.production.receipt import LotClosed
from fabnet.records.credential import document_id, issue, strict_loads
from fabnet.records.ids import DocumentId, JobId
from fabnet.records.keys import SigningKey
from tests.designs.samples import CAI, EVE, NOON
from tests.sim.cities import founded, granted, hook, printer
from tests.sim.network import Network
from tests.sim.site import Site

DESIGN = hook()
GRANT = document_id(strict_loads(granted(DESIGN)))


def cities() -> tuple[Network, Site, Site, Site, Cid]:
    network = founded("jackson", "detroit", "barcelona", seed=1)
    jackson, detroit, barcelona = network.sites.values()
    jackson.accepts_all()
    detroit.owns(printer(detroit))
    cid = barcelona.publishes(DESIGN, granted(DESIGN))
    network.knows_of(cid)
    return network, jackson, detroit, barcelona, cid


def disputes(
    site: Site, cid: Cid, by: SigningKey = CAI, retracts: DocumentId | None = None
) -> DocumentId:
    """Let a site carry a dispute; return its id."""
    dispute = Dispute(
        revision=cid, grant=GRANT, reason="I did not agree.", retracts=retracts
    )
    raw = issue(
        CREDENTIAL,
        issuer=by.public.did,
        subject=dispute_subject(dispute),
        valid_from=NOON,
        keys=[by],
        created=NOON,
    )
    site.carries(KIND, cid, DisputeBody(raw))
    return document_id(strict_loads(raw))


def heard(network: Network, site: Site, count: int = 1) -> None:
    network.until(lambda: len(site.disk.kept(KIND)) >= count)
    network.run(5)


def codes(site: Site, job: JobId) -> list[str]:
    return site.disk.codes(job)


def test_a_request_for_a_disputed_design_is_for_a_person_to_decide() -> None:
    network, jackson, _, barcelona, cid = cities()
    disputes(barcelona, cid)
    heard(network, jackson)

    job = jackson.asks_for(cid, 2)
    network.until(lambda: jackson.state(job) == "refused")

    (line,) = [each for each in jackson.story(job) if each.code == "refused"][:1]
    assert line.arg("reason") == "licence-review-disputed"
    assert (line.arg("by"), line.arg("why")) == ("Cai", "I did not agree.")


def test_a_dispute_by_someone_without_a_say_changes_nothing() -> None:
    network, jackson, detroit, barcelona, cid = cities()
    disputes(barcelona, cid, by=EVE)
    heard(network, jackson)
    heard(network, detroit)

    job = jackson.asks_for(cid, 2)
    network.finish(jackson, job)

    assert jackson.state(job) == "fulfilled"


def test_a_confirmed_lot_waits_for_its_dispute_and_goes_on_when_it_is_over() -> None:
    network, jackson, detroit, barcelona, cid = cities()
    first = jackson.asks_for(cid, 6)
    network.until(lambda: "started" in codes(detroit, first))
    second = jackson.asks_for(cid, 2)
    network.until(lambda: "confirmed" in codes(detroit, second))

    raised = disputes(barcelona, cid)
    network.until(lambda: "lot-waits-disputed" in codes(detroit, second))
    network.until(lambda: "ended" in codes(detroit, first))
    assert "started" not in codes(detroit, second)
    disputes(barcelona, cid, retracts=raised)
    network.finish(jackson, second)

    assert jackson.state(first) == "fulfilled", "what was begun is finished"
    assert jackson.state(second) == "fulfilled"
    for record in detroit.disk.kept("lot-closed/1"):
        passport = record.read(LotClosed).passport
        assert passport is not None
        assert open_passport(passport).grants == (GRANT,)


def test_a_lot_that_waited_too_long_ends_as_one_that_missed_its_start() -> None:
    network, jackson, detroit, barcelona, cid = cities()
    first = jackson.asks_for(cid, 6)
    network.until(lambda: "started" in codes(detroit, first))
    second = jackson.asks_for(cid, 2)
    network.until(lambda: "confirmed" in codes(detroit, second))

    disputes(barcelona, cid)
    network.until(lambda: jackson.state(second) == "refused", hours=48)

    ended = [line for line in detroit.story(second) if line.code == "ended"]
    assert [line.arg("reason") for line in ended] == ["start-missed"]
    assert jackson.state(first) == "fulfilled"
    assert network.watch.made(second) == 0


def test_a_facility_that_was_down_hears_of_it_before_it_begins() -> None:
    network, jackson, detroit, barcelona, cid = cities()
    first = jackson.asks_for(cid, 6)
    network.until(lambda: "started" in codes(detroit, first))
    second = jackson.asks_for(cid, 2)
    network.until(lambda: "confirmed" in codes(detroit, second))

    disputes(barcelona, cid)
    network.until(lambda: "lot-waits-disputed" in codes(detroit, second))
    detroit.crashes()
    network.run(60)
    detroit.starts()
    network.run(3_600)

    assert "started" not in codes(detroit, second)


def test_a_design_that_lay_ready_here_is_read_anew_when_it_is_disputed() -> None:
    network, jackson, detroit, barcelona, cid = cities()
    job = jackson.asks_for(cid, 1)
    network.finish(jackson, job)
    assert detroit.mind.workshop.designs[cid].terms.grants == (GRANT,)

    raised = disputes(barcelona, cid)
    heard(network, detroit)
    assert detroit.mind.workshop.designs[cid].terms.grants == ()

    disputes(barcelona, cid, retracts=raised)
    heard(network, detroit, 2)
    assert detroit.mind.workshop.designs[cid].terms.grants == (GRANT,)
