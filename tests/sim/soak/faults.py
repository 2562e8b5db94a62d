"""The faults of one seed, and a count of each that came.

Each kind is a method that begins one at a site, and returns what ends it. A new kind is
one more such method, one more `Spell` in the weather, and a line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.sim.network import Network
from tests.sim.node import Node
from tests.sim.restoring import backed_up, restored
from tests.sim.site import Site
from tests.sim.soak.weather import HOUR_MS, Spell, Weather
from tests.sim.world import CALM, Pair

SLOW_COMMIT_MS: Final = (1_000, 15_000)
"""A card that stalls for seconds."""
OUTAGE_S: Final = (1, 600)
"""How long a site is down whose power went in a commit, or whose disk was full."""
WHOLE_PERMILLE: Final = 0
"""Of what is put back, copies of whole machines. None until seeds 80, 94, 128 and 131
hold with 400 of them (R5: a fork), and 76 (a message nobody acknowledges)."""
End = Callable[[], None]
KINDS: Final = (
    "lost", "doubled", "overtaken", "crash", "cut-in-commit", "split", "pair-parted",
    "slow-disk", "disk-full", "clock-jump", "clock-jump-of-years", "machine-off",
    "scrap", "piece-lost", "restore",
)  # fmt: skip
"""Every kind must come often enough, or what passes proves little."""


@dataclass(slots=True)
class Faults:
    """Lets a network suffer until a moment, and then no more."""

    network: Network
    weather: Weather
    until_ms: int
    ends: list[End] = field(default_factory=list)

    def begin(self) -> None:
        """Put everything that will go wrong on the calendar."""
        self.network.world.climate = self.weather
        kinds: list[tuple[Spell, Callable[[Site, int], End]]] = [
            (self.weather.crash, self._crash),
            (self.weather.partition, self._part),
            (self.weather.slow_disk, self._slow),
            (self.weather.full_disk, self._fill),
            (self.weather.clock, self._jump),
            (self.weather.machine, self._switch_off),
        ]
        for site in self.network.sites.values():
            site.on_fall = self._fell
            for spell, begin in kinds:
                self._next(site, spell, begin)
        for _ in range(self.weather.restores):
            self._restore()

    def over(self) -> None:
        """End every fault: from here on nothing goes wrong."""
        for end in self.ends:
            end()
        for site in self.network.sites.values():
            site.skew_ms, site.commit_ms, site.full = 0, None, False
        self.network.calm()
        assert self.network.world.climate is CALM

    # ------------------------------------------------------------------ when

    def _next(
        self, site: Site, spell: Spell, begin: Callable[[Site, int], End]
    ) -> None:
        world = self.network.world
        if not spell.gap_h:
            return
        wait_ms = int(world.dice.expovariate(1 / (spell.gap_h * HOUR_MS)))
        lasts_ms = world.draw(spell.lasts_s) * 1_000
        if world.now_ms + wait_ms >= self.until_ms:
            return

        def comes() -> None:
            end = begin(site, lasts_ms)
            self._ends_in(lasts_ms, end)
            world.later(lasts_ms, partial(self._next, site, spell, begin))

        world.later(wait_ms, comes)

    def _ends_in(self, ms: int, end: End) -> None:
        """Let a fault end after a while, or with all others."""
        done = False

        def once() -> None:
            nonlocal done
            if not done:
                done = True
                end()

        self.ends.append(once)
        self.network.world.later(ms, once)

    def _count(self, kind: str) -> None:
        self.network.world.fired[kind] += 1

    # ------------------------------------------------------------------ which

    def _crash(self, site: Site, _: int) -> End:
        if not site.is_up:
            return _nothing
        self._count("crash")
        site.crashes()
        return partial(_starts, site)

    def _fell(self, site: Node) -> None:
        self._count("cut-in-commit")
        outage_ms = self.network.world.draw(OUTAGE_S) * 1_000
        self._ends_in(outage_ms, partial(_starts, site))

    def _part(self, site: Site, _: int) -> End:
        world, sites = self.network.world, list(self.network.sites.values())
        others = [each for each in sites if each is not site]
        if world.chance(500):
            self._count("split")
            far = world.dice.sample(others, world.dice.randint(1, len(others)))
            near = [each for each in sites if each not in far]
            pairs = {frozenset((one.id, two.id)) for one in far for two in near}
        else:
            self._count("pair-parted")
            pairs = {frozenset((site.id, world.dice.choice(others).id))}
        # What is parted already is another fault's to mend.
        pairs -= world.cut
        ordered: list[Pair] = sorted(pairs, key=sorted)
        for pair in ordered:
            world.part(*sorted(pair))
        return partial(world.mend, ordered)

    def _slow(self, site: Site, _: int) -> End:
        self._count("slow-disk")
        site.commit_ms = SLOW_COMMIT_MS

        def end() -> None:
            site.commit_ms = None

        return end

    def _fill(self, site: Site, _: int) -> End:
        site.full = True

        def end() -> None:
            site.full = False
            _starts(site)

        return end

    def _jump(self, site: Site, _: int) -> End:
        jump_ms = self.network.world.dice.choice(self.weather.jumps_ms)
        years = abs(jump_ms) > 24 * HOUR_MS
        self._count("clock-jump-of-years" if years else "clock-jump")
        site.skew_ms = jump_ms

        def end() -> None:
            site.skew_ms = 0

        return end

    def _switch_off(self, site: Site, _: int) -> End:
        machines = sorted(site.machines)
        if not machines:
            return _nothing
        self._count("machine-off")
        machine = self.network.world.dice.choice(machines)
        site.sets(machine, "offline")
        return partial(site.sets, machine, "idle")

    def _restore(self) -> None:
        """Take a backup of a site somewhere, and put it back later in its place."""
        world = self.network.world
        site = world.dice.choice(list(self.network.sites.values()))
        taken_ms = world.draw((0, self.until_ms - world.now_ms))
        back_ms = world.draw((taken_ms, self.until_ms - world.now_ms))

        def take() -> None:
            backup, whole = backed_up(site), world.chance(WHOLE_PERMILLE)

            def put_back() -> None:
                self._count("whole-copy" if whole else "restore")
                restored(site, backup, whole=whole)

            world.later(back_ms - taken_ms, put_back)

        world.later(taken_ms, take)


def _starts(site: Node) -> None:
    if not site.is_up and not site.full:
        site.starts()


def _nothing() -> None:
    """End a fault that found nothing to harm."""
