"""A network of real minds in one thread, on one virtual clock, from one seed.

It does for the peers what `fabnet.node` does, with no socket, thread or file: messages
and frames are signed, encoded, lost, doubled, reordered, decoded and verified; a disk
takes a turn whole or not at all, and nothing leaves before it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from fabnet.content.cid import Cid
from fabnet.designs.documents import grant as grants
from fabnet.records.ids import JobId
from fabnet.records.keys import SigningKey
from tests.sim.invariants import Invariants
from tests.sim.site import Site
from tests.sim.world import CALM, World

HOUR_MS = 3_600_000


@dataclass(slots=True)
class Network:
    """Sites by name, and the world they live in."""

    world: World
    watch: Invariants
    sites: dict[str, Site]
    stewards: dict[str, SigningKey] = field(default_factory=dict)
    """Who decide for the cooperatives, and together for their federation."""

    def __getitem__(self, name: str) -> Site:
        return self.sites[name]

    def add(self, site: Site) -> None:
        self.sites[site.name] = site
        self.world.ends[site.id] = site
        self.watch.disks[site.id] = site.disk
        self.watch.benches[site.id] = site.bench

    def run(self, seconds: int) -> None:
        """Let time pass."""
        self.world.run(seconds * 1_000)

    def until(self, done: Callable[[], bool], *, hours: int = 24) -> None:
        """Let time pass until `done`, which must come within some hours."""
        assert self.world.until(done, most_ms=hours * HOUR_MS), self.stories()

    def knows_of(self, cid: Cid) -> None:
        """Let time pass until every site has a design's grant."""
        sites = self.sites.values()
        self.until(lambda: all(site.disk.kept(grants.KIND, cid) for site in sites))

    def finish(self, site: Site, *jobs: JobId) -> None:
        """Let time pass until jobs are over and everyone knows of it."""
        over = set(jobs)
        self.until(lambda: site.disk.rows.get("closed-job", {}).keys() >= over)
        self.run(120)

    def storm(self, *, within_s: int) -> None:
        """Draw the climate's crashes and partitions, all within some time from now."""
        world, names = self.world, sorted(self.sites)
        for _ in range(world.climate.crashes):
            site = self.sites[world.dice.choice(names)]
            world.later(world.dice.randint(0, within_s * 1_000), partial(_fell, site))
        for _ in range(world.climate.partitions):
            one, other = world.dice.sample(names, 2)
            ends = self.sites[one].id, self.sites[other].id
            at_ms = world.dice.randint(0, within_s * 1_000)
            world.later(at_ms, partial(world.part, *ends))
            lasts_ms = world.dice.randint(1_000, 600_000)
            world.later(at_ms + lasts_ms, world.heal)

    def calm(self) -> None:
        """From here on nothing goes wrong; what is down is started again."""
        self.world.climate = CALM
        for site in self.sites.values():
            if not site.is_up:
                site.starts()
        self.world.heal()

    def stories(self) -> str:
        """Everything that happened, for whoever reads a failed test."""
        lines = [
            (line.moment_ms, name, line.subject[-8:], line.code, dict(line.args))
            for name, site in self.sites.items()
            for line in site.disk.story
        ]
        return "\n".join(map(str, sorted(lines, key=lambda line: line[:2])))


def _fell(site: Site) -> None:
    if not site.is_up:
        return
    site.crashes()
    pause_ms = site.world.dice.randint(1_000, 300_000)

    def again() -> None:
        if not site.is_up:
            site.starts()

    site.world.later(pause_ms, again)
