"""What people do at every site of a seed: ask, cancel, withdraw, look and accept."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import KIND, WithdrawalBody
from fabnet.designs.revision import Revision
from fabnet.production.lots.remnant import Remnant
from fabnet.production.receipt import lot_key
from fabnet.production.request import NEED_CODES
from fabnet.protocol.events import AttestBench, CancelRequest, FileRequest, Publish
from fabnet.records.ids import JobId
from tests.sim.cities import granted, hook, printer, published, withdrawing
from tests.sim.network import Network
from tests.sim.restoring import attested
from tests.sim.site import Site
from tests.sim.soak.weather import HOUR_MS, Load

DESIGNS: Final[tuple[tuple[Revision, bytes], ...]] = tuple(
    (design, granted(design))
    for design in (hook(title) for title in ("Coat hook", "Towel hook", "Key hook"))
)
"""Signed once, for every seed."""
SECOND_MACHINE_PERMILLE: Final = 300
COUNT_MS: Final = HOUR_MS
"""How often stewards look for lots that a lost disk knew."""


@dataclass(slots=True)
class People:
    """All people of a network; what they begin, they begin before the calm."""

    network: Network
    load: Load
    until_ms: int
    designs: list[Cid] = field(default_factory=list)
    filed: int = 0

    def move_in(self) -> None:
        """Set up machines and publish designs; the weather comes later."""
        sites, world = list(self.network.sites.values()), self.network.world
        for site in sites[self.load.idle_sites :]:
            site.owns(printer(site, ttl_s=self.load.ttl_s))
            if world.chance(SECOND_MACHINE_PERMILLE):
                second = printer(site, "second", ttl_s=self.load.ttl_s)
                site.owns(second, pace_permille=world.draw((700, 1_300)))
        for site in sites:
            site.accepts_all()
        for design, grant in DESIGNS:
            publisher = world.dice.choice(sites)
            self.designs.append(published(publisher, design, grant))
        for cid in self.designs:
            self.network.knows_of(cid)

    def begin(self) -> None:
        """Let everyone do what they do, at times of their own."""
        for site in self.network.sites.values():
            self._asks_again(site)
        self._counts_what_was_lost()
        if self.load.withdraws:
            world = self.network.world
            at_ms = world.draw((0, self.until_ms - world.now_ms))
            world.later(at_ms, self._withdraws)

    def _asks_again(self, site: Site) -> None:
        world = self.network.world
        wait_ms = int(world.dice.expovariate(1 / (self.load.request_gap_h * HOUR_MS)))
        if world.now_ms + wait_ms < self.until_ms:
            world.later(wait_ms, partial(self._asks, site))

    def _asks(self, site: Site) -> None:
        world, dice = self.network.world, self.network.world.dice
        self._asks_again(site)
        if not site.is_up or site.full:
            return
        request = site.request(
            dice.choice(self.designs),
            dice.randint(1, self.load.pieces_max),
            due_h=dice.randint(2, 48),
            deadline_h=48 if world.chance(self.load.deadline_permille) else None,
            need=dice.choice(NEED_CODES),
        )
        site.asks += 1
        self.filed += 1
        site.happen(FileRequest(site.asks, request, b"Ada", dice.randbytes(32)))
        if world.chance(self.load.cancel_permille):
            world.later(world.draw((0, 4 * HOUR_MS)), partial(self._cancels, site))

    def _cancels(self, site: Site) -> None:
        """Cancel any job of a site that is open."""
        if site.is_up and site.mind.book.jobs:
            job: JobId = self.network.world.dice.choice(list(site.mind.book.jobs))
            site.asks += 1
            site.happen(CancelRequest(site.asks, job))

    def _counts_what_was_lost(self) -> None:
        """Have stewards count, now and then, what lies on benches of lost lots."""
        for site in self.network.sites.values():
            left = site.mind.workshop.remnants.values() if site.is_up else ()
            for lost in [each for each in left if each.state == "lost"]:
                if _in_machine(site, lost):
                    # A controller goes on with it: whoever counts, waits.
                    continue
                document = attested(self.network, site, lost.job, lost.epoch)
                site.asks += 1
                site.happen(AttestBench(site.asks, lost.job, lost.epoch, document))
        self.network.world.later(COUNT_MS, self._counts_what_was_lost)

    def _withdraws(self) -> None:
        world = self.network.world
        at = world.dice.randrange(len(DESIGNS))
        up = [site for site in self.network.sites.values() if site.is_up]
        if not up:
            return
        site = world.dice.choice(up)
        site.asks += 1
        body = WithdrawalBody(withdrawing(DESIGNS[at][0]))
        site.happen(Publish(site.asks, KIND, self.designs[at], body))


def _in_machine(site: Site, lost: Remnant) -> bool:
    """Whether a controller has a piece of a lost lot in hand."""
    key = lot_key(lost.job, lost.epoch)
    return any(of == key for of, _ in site.bench.in_machine.values())
