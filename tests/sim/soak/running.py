"""One seed from its founding to its end, or to what it found."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fabnet.records.keys import SigningKey
from tests.sim.cities import founded
from tests.sim.liars import among
from tests.sim.network import Network
from tests.sim.soak import ending, stub
from tests.sim.soak.faults import Faults
from tests.sim.soak.people import People
from tests.sim.soak.weather import HOUR_MS, Case

EVENTS_PER_NODE_HOUR_MAX: Final = 5_000
"""Five times what the foulest of 120 seeds needs; with more something never settles."""


@dataclass(slots=True)
class Outcome:
    """What became of a seed."""

    case: Case
    cpu_s: float = 0.0
    jobs: int = 0
    pieces: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    work: Counter[str] = field(default_factory=Counter)
    fault: str = ""
    """What did not hold; empty when all did."""
    story: str = ""


def run(case: Case) -> Outcome:
    """Live through a seed; whatever does not hold is in the outcome, not raised."""
    outcome = Outcome(case)
    started_s = time.process_time()
    network: Network | None = None
    try:
        with _signing(real=case.real) as signing:
            network = _founded(case, signing)
            _live(case, network, outcome)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what was found
        outcome.fault = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        outcome.story = "" if network is None else network.stories()
    outcome.cpu_s = time.process_time() - started_s
    return outcome


@contextlib.contextmanager
def _signing(*, real: bool) -> Iterator[type[SigningKey] | stub.Signatures]:
    if real:
        yield SigningKey
        return
    with stub.remembered(), stub.signatures() as signatures:
        yield signatures


def _founded(case: Case, signing: type[SigningKey] | stub.Signatures) -> Network:
    return founded(
        *(f"city-{number}" for number in range(case.nodes)),
        seed=case.seed,
        policy={"roundS": case.load.round_s},
        facility_ttl_s=case.load.ttl_s,
        signing=signing.from_seed,
    )


def _live(case: Case, network: Network, outcome: Outcome) -> None:
    world = network.world
    world.events_max = EVENTS_PER_NODE_HOUR_MAX * case.node_hours
    end_ms = world.now_ms + case.hours * HOUR_MS
    calm_ms = end_ms - case.calm_hours * HOUR_MS
    outcome.fired, outcome.work = world.fired, world.work
    people = People(network, case.load, calm_ms)
    faults = Faults(network, case.weather, calm_ms)
    for site, driver_class in zip(network.sites.values(), case.classes, strict=True):
        site.driver_class = driver_class
    people.move_in()
    people.begin()
    among.lie(network, case.liars)
    faults.begin()
    world.run(calm_ms - world.now_ms)
    faults.over()
    world.run(end_ms - world.now_ms)
    outcome.jobs = people.filed
    outcome.pieces = sum(network.watch.good.values())
    if case.liars:
        among.check(network)
    else:
        ending.check(network)
