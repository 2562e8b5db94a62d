"""Short stories of jobs, each in a small network, each from a calm start to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import KIND, WithdrawalBody
from fabnet.production import handoff
from fabnet.production.handoff import Ack
from fabnet.protocol.effects import Send
from fabnet.protocol.events import DiskSeen
from fabnet.records.ids import JobId
from fabnet.records.message import seal_message
from fabnet.records.refusal import Refusal
from tests.sim.cities import founded, hook, printer, published, withdrawing
from tests.sim.network import Network
from tests.sim.restoring import attests_all, backed_up, restored, writes_off
from tests.sim.site import Site
from tests.sim.soak import ending
from tests.sim.world import Climate

PIECES: Final = 4
HOUR_S: Final = 3_600
YEAR_MS: Final = 365 * 24 * 3_600_000
FOUL: Final = Climate(lost_permille=300, doubled_permille=300)

Towns = tuple[Network, Site, Site, Site, Cid]


def towns(seed: int = 1, **how: object) -> Towns:
    """Jackson asks, Detroit can make, Barcelona is a third."""
    network = founded("jackson", "detroit", "barcelona", seed=seed, **how)  # type: ignore[arg-type]  # by name
    jackson, detroit, barcelona = network.sites.values()
    detroit.owns(printer(detroit))
    for site in network.sites.values():
        site.accepts_all()
    cid = published(detroit)
    network.knows_of(cid)
    return network, jackson, detroit, barcelona, cid


def made(network: Network, job: JobId, pieces: int) -> None:
    """Let time pass until so many good pieces of a job exist."""
    network.until(lambda: network.watch.made(job) >= pieces)


def over(network: Network, *, after_s: int = 2 * HOUR_S) -> None:
    """Let time pass, and assert that nothing is stuck and the book is the bench."""
    network.run(after_s)
    for site in network.sites.values():
        assert not site.disk.rows.get("fork"), "R5: an honest node forked"
    ending.check(network)


def fulfilled() -> None:
    """Four hooks are asked for and made."""
    network, jackson, _, _, cid = towns()
    jackson.asks_for(cid, PIECES)
    over(network)


def scrapped() -> None:
    """Whatever is made is scrap."""
    network, jackson, _, _, cid = towns()
    network.world.climate = Climate(scrap_permille=1_000)
    jackson.asks_for(cid, PIECES)
    network.run(2 * HOUR_S)


def in_foul_weather() -> None:
    """Wires lose and double what they carry, for three hours."""
    network, jackson, _, _, cid = towns()
    network.world.climate = FOUL
    jackson.asks_for(cid, PIECES)
    network.run(3 * HOUR_S)
    network.calm()
    over(network)


def parted() -> None:
    """All wires are cut for hours in the middle of a lot; two have machines."""
    network, jackson, _, barcelona, cid = towns()
    barcelona.owns(printer(barcelona))
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 1)
    for site in network.sites.values():
        for other in {"jackson", "detroit", "barcelona"} - {site.name}:
            network.world.part(site.id, network[other].id)
    network.run(5 * HOUR_S)
    network.world.heal()
    over(network)


def cancelled() -> None:
    """A request is cancelled while its third piece is in the machine."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 2)
    network.until(lambda: bool(detroit.bench.in_machine))
    jackson.cancels(job)
    over(network)


def fallen() -> None:
    """The power goes while a piece is in the machine."""
    network, jackson, detroit, _, cid = towns()
    jackson.asks_for(cid, PIECES)
    network.until(lambda: bool(detroit.bench.in_machine))
    detroit.crashes()
    detroit.starts()
    over(network)


def lost_disk() -> None:
    """The maker loses its disk in the middle of a lot; a person counts its bench."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 2)
    restored(detroit)
    network.run(600)
    attests_all(network, detroit)
    over(network)


def maker_from_backup() -> None:
    """The maker goes on with a backup of when it had made one piece of three."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 1)
    backup = backed_up(detroit)
    made(network, job, 3)
    restored(detroit, backup)
    network.run(600)
    attests_all(network, detroit)
    over(network)


def unacknowledged() -> None:
    """The maker's acknowledgements do not arrive, and then its disk is lost.

    So its second database is sent the lease-request once more.
    """
    network, jackson, detroit, _, cid = towns()
    network.run(60)
    detroit.forge = _nothing_taken(detroit)
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 2)
    for machine in detroit.machines:
        detroit.sets(machine, "drained")
    detroit.forge = None
    restored(detroit)
    network.run(600)
    attests_all(network, detroit)
    for machine in detroit.machines:
        detroit.sets(machine, "idle")
    over(network)


def _nothing_taken(site: Site) -> Callable[[Send], Send]:
    """Return what makes every acknowledgement of a site's say that nothing came."""

    def forge(send: Send) -> Send:
        header, ours = send.message.header, site.identity
        if send.message.kind != handoff.ACK:
            return send
        nothing = Ack(send.message.read(Ack).incarnation, 0)
        message = seal_message(
            ours.key, network=ours.network, kind=handoff.ACK,
            recipient=header.recipient, to=header.to, incarnation=ours.incarnation,
            seq=0, moment_ms=header.moment_ms, body=nothing,
        )  # fmt: skip
        return Send(message)

    return forge


def requester_from_backup() -> None:
    """The requester goes on with a backup of when a piece was made; two more are."""
    network, jackson, _, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 1)
    backup = backed_up(jackson)
    made(network, job, 3)
    restored(jackson, backup)
    over(network)


def requester_fenced() -> None:
    """Its backup knows that a lot was asked for; the maker is fenced in its middle."""
    network, jackson, _, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    network.until(lambda: jackson.disk.lot(f"{job}/1") is not None)
    backup = backed_up(jackson)
    made(network, job, 2)
    restored(jackson, backup)
    over(network)


def requester_from_before_it_confirmed_late() -> None:
    """The same, where its own log comes back only after it asked the maker."""
    requester_from_before_it_confirmed(seed=3)


def requester_from_before_it_confirmed(seed: int = 1) -> None:
    """Its backup knows that a lot was asked for; since then all of it was made."""
    network, jackson, detroit, _, cid = towns(seed)
    job = jackson.asks_for(cid, PIECES)
    network.until(lambda: jackson.disk.lot(f"{job}/1") is not None)
    backup = backed_up(jackson)
    network.until(lambda: "ended" in detroit.disk.codes(job))
    network.run(60)
    restored(jackson, backup)
    over(network)


def requester_that_nobody_heard() -> None:
    """Its backup knows that a lot was asked for, of which its maker never heard."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    network.until(lambda: jackson.disk.lot(f"{job}/1") is not None)
    network.world.part(jackson.id, detroit.id)
    backup = backed_up(jackson)
    network.run(60)
    restored(jackson, backup)
    network.world.heal()
    over(network)


def old_words() -> None:
    """Whatever crossed the wires before the maker lost its disk is said again after."""
    network, jackson, detroit, _, cid = towns()
    heard: list[bytes] = []
    network.world.tap = heard.append
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 2)
    network.world.tap = None
    restored(detroit)
    network.until(lambda: "reborn" in jackson.disk.codes(detroit.id))
    for frame in heard:
        jackson.hear(detroit.id, frame)
    network.run(600)
    attests_all(network, detroit)
    over(network)


def requester_from_before_the_lot() -> None:
    """The requester goes on with a backup of when its job was filed and not placed."""
    network, jackson, _, barcelona, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    backup = backed_up(jackson)
    assert not backup.rows.get("lot")
    made(network, job, 2)
    barcelona.owns(printer(barcelona))
    restored(jackson, backup)
    over(network, after_s=4 * HOUR_S)


def written_off() -> None:
    """A person writes a silent maker's pieces off; later they turn up after all."""
    network, jackson, detroit, barcelona, cid = towns()
    barcelona.owns(printer(barcelona))
    for machine in barcelona.machines:
        barcelona.sets(machine, "drained")
    job = jackson.asks_for(cid, PIECES)
    made(network, job, 1)
    network.world.part(jackson.id, detroit.id)
    network.world.part(barcelona.id, detroit.id)
    network.run(2 * HOUR_S)
    (lot,) = jackson.mind.book.lots.values()
    for machine in barcelona.machines:
        barcelona.sets(machine, "idle")
    said = writes_off(network, jackson, lot)
    assert not isinstance(said, Refusal), said
    network.run(2 * HOUR_S)
    network.world.heal()
    over(network)


def leased_and_gone() -> None:
    """A requester is gone for good before it could confirm."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    network.until(lambda: "lease-held" in detroit.disk.codes(job))
    jackson.crashes()
    network.run(4 * HOUR_S)
    ending.is_over(network, detroit)


def needed_more() -> None:
    """Two ask for one machine in one round: who needs it more came later."""
    network, jackson, detroit, barcelona, cid = towns(policy={"roundS": 60})
    early = barcelona.asks_for(cid, 2, need="other")
    network.until(lambda: "lease-requested" in detroit.disk.codes(early))
    urgent = jackson.asks_for(cid, 2, need="life-and-health")
    over(network)
    held = [line.subject for line in detroit.disk.story if line.code == "lease-held"]
    assert held[0] == urgent, "need decides, not arrival"


def disk_full() -> None:
    """The maker's disk is critically full while a piece is in the machine."""
    network, jackson, detroit, _, cid = towns()
    jackson.asks_for(cid, PIECES)
    network.until(lambda: bool(detroit.bench.in_machine))
    detroit.happen(DiskSeen("critical"))
    network.run(2 * HOUR_S)
    begun = len(detroit.bench.came_out) + len(detroit.bench.in_machine)
    assert begun == 1, "a piece is begun on a disk that is critical"
    detroit.happen(DiskSeen("ample"))
    over(network)


def withdrawn() -> None:
    """A design is withdrawn while it is made; the requester cannot call back."""
    network, jackson, detroit, _, cid = towns()
    jackson.asks_for(cid, PIECES)
    network.until(lambda: bool(detroit.bench.in_machine))
    network.world.part(jackson.id, detroit.id)
    detroit.carries(KIND, cid, WithdrawalBody(withdrawing(hook())))
    network.run(HOUR_S)


def clock_of_years() -> None:
    """A clock is ten years ahead while a lot is leased, and then right again."""
    network, jackson, detroit, _, cid = towns()
    detroit.skew_ms = 10 * YEAR_MS
    network.run(900)
    detroit.asks_for(cid, PIECES)
    network.until(lambda: bool(detroit.bench.in_machine))
    two = detroit.asks_for(cid, 2)
    network.until(lambda: "confirmed" in detroit.disk.codes(two))
    detroit.skew_ms = 0
    jackson.owns(printer(jackson))
    over(network, after_s=8 * HOUR_S)
