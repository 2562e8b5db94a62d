"""What one seed is: how many nodes, for how long, under which load and which faults.

Swarm testing: each seed draws which kinds of fault there are at all, and how bad each
is, since a foul mixture of everything hides what one kind alone would show.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from fabnet.node.config import DriverClass
from tests.sim.liars import among
from tests.sim.world import Climate

HOUR_MS: Final = 3_600_000
CLASSES: Final[tuple[DriverClass, ...]] = ("A", "B", "C")
YEAR_MS: Final = 365 * 24 * HOUR_MS
CALM_HOURS_MIN: Final = 7
"""Offers change by themselves every six hours, so that is how long a refusal lasts."""
REAL_EVERY: Final = 16
"""One seed in so many signs with Ed25519, and remembers nothing between sites."""
CLASSES_FROM: Final = 64
"""The first seed whose machines are of every class; before it all are of class C."""
RESTORES: Final = True
"""Whether backups are put back in place of disks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A fault that comes to one site after another, and lasts a while."""

    gap_h: int = 0
    """Mean hours between two at one site; 0 when there is none of this kind."""
    lasts_s: tuple[int, int] = (1, 300)


NEVER: Final = Spell()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather(Climate):
    """A climate and what comes over it in spells; nothing of it in the calm."""

    crash: Spell = NEVER
    partition: Spell = NEVER
    """Of the whole network in two, or of one pair."""
    slow_disk: Spell = NEVER
    full_disk: Spell = NEVER
    clock: Spell = NEVER
    jumps_ms: tuple[int, ...] = ()
    machine: Spell = NEVER
    """A machine that is switched off, in the middle of whatever it does."""
    restores: int = 0
    """Backups put back in the place of a site's disk."""

    @classmethod
    def of(cls, dice: Random, *, restores: bool) -> Weather:
        """Draw which faults there are, and how bad they are."""

        def spell(gaps: tuple[int, ...], *lasts_s: tuple[int, int]) -> Spell:
            gap_h = dice.choice((0, *gaps))
            return Spell(gap_h=gap_h, lasts_s=dice.choice(lasts_s))

        small, large = (HOUR_MS, -HOUR_MS, 5 * HOUR_MS), (10 * YEAR_MS, -10 * YEAR_MS)
        return cls(
            lost_permille=dice.choice((0, 10, 50, 300)),
            doubled_permille=dice.choice((0, 30, 200)),
            late_ms=dice.choice((1_000, 600_000, 20 * HOUR_MS)),
            delay_ms=(1, dice.choice((50, 500, 5_000))),
            commit_ms=(1, dice.choice((5, 50, 500))),
            cut_permille=dice.choice((0, 0, 1, 3)),
            scrap_permille=dice.choice((0, 50, 150)),
            lost_piece_permille=dice.choice((0, 0, 50)),
            crash=spell((4, 12, 48), (1, 60), (300, 1_800), (3_600, 8 * 3_600)),
            partition=spell((2, 8), (60, 600), (1_800, 12 * 3_600)),
            slow_disk=spell((6, 24), (60, 3_600)),
            full_disk=spell((24, 48), (60, 3_600)),
            clock=spell((6, 24), (60, 7_200)),
            jumps_ms=dice.choice((small, small, large)),
            machine=spell((6, 24), (300, 7_200)),
            restores=dice.choice((0, 0, 0, 1, 3)) if restores else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What people do at each site."""

    request_gap_h: int
    pieces_max: int
    cancel_permille: int
    deadline_permille: int
    withdraws: bool
    """Whether one of the designs is withdrawn in the middle of it."""
    idle_sites: int
    """Sites that have no machine."""
    round_s: int
    ttl_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a seed stands for."""

    seed: int
    nodes: int
    hours: int
    real: bool
    weather: Weather
    load: Load
    liars: tuple[str, ...] = ()
    """How the last nodes lie; in half of all seeds none does."""
    classes: tuple[DriverClass, ...] = ()
    """What the machines of each node can say after a crash."""

    @classmethod
    def of(cls, seed: int, *, restores: bool = RESTORES, liars: bool = True) -> Case:
        """Return what a seed stands for; the same in every process."""
        dice = Random(f"fabnet soak {seed}")
        nodes = dice.choice((3, 4, 4, 5, 6, 8))
        load = Load(
            request_gap_h=dice.choice((3, 6, 12)),
            pieces_max=dice.choice((2, 4, 8)),
            cancel_permille=dice.choice((0, 100, 300)),
            deadline_permille=dice.choice((0, 100)),
            withdraws=dice.random() < 0.25,
            idle_sites=dice.randint(0, nodes - 2),
            round_s=dice.choice((1, 60)),
            ttl_s=dice.choice((7_200, 21_600, 86_400)),
        )
        hours = dice.randint(36, 72)
        weather = Weather.of(dice, restores=restores)
        # Drawn last, so that what older seeds stand for stays.
        lying = among.drawn(dice, nodes) if liars else ()
        classes: list[DriverClass] = ["C"] * nodes
        if seed >= CLASSES_FROM:
            classes = dice.choices(CLASSES, k=nodes)
        return cls(
            seed=seed,
            nodes=nodes,
            hours=hours,
            real=seed % REAL_EVERY == 0,
            weather=weather,
            load=load,
            liars=lying,
            classes=tuple(classes),
        )

    @property
    def calm_hours(self) -> int:
        """The last hours, in which nothing goes wrong and everything must end well."""
        return max(CALM_HOURS_MIN, self.hours // 5)

    @property
    def node_hours(self) -> int:
        """How much was simulated when it is over."""
        return self.nodes * self.hours
