"""Seed after seed on all cores: what was done is remembered, so it goes on there."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.sim.soak.running import Outcome, run
from tests.sim.soak.weather import RESTORES, Case

ROOT: Final = Path(__file__).resolve().parents[3]
SEEDS: Final = Path(__file__).with_name("seeds.txt")
STATE: Final = ROOT / ".cache" / "soak.json"


@dataclass(slots=True)
class Progress:
    """How far a campaign has come with the code as it is."""

    code: str
    node_hours: int = 0
    real_hours: int = 0
    """Of these, how many with Ed25519."""
    cpu_s: float = 0.0
    real_cpu_s: float = 0.0
    jobs: int = 0
    pieces: int = 0
    done: int = 0
    """Seeds below this were lived through."""
    ahead: list[int] = field(default_factory=list)
    """And these above it."""
    failed: dict[str, str] = field(default_factory=dict)
    """What each seed found, in one line."""
    fired: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count what a seed came to."""
        case = outcome.case
        self.node_hours += case.node_hours
        self.cpu_s += outcome.cpu_s
        if case.real:
            self.real_hours += case.node_hours
            self.real_cpu_s += outcome.cpu_s
        self.jobs += outcome.jobs
        self.pieces += outcome.pieces
        self.fired = dict(Counter(self.fired) + outcome.fired)
        if outcome.fault:
            self.failed[str(case.seed)] = outcome.fault.splitlines()[0]
        self.ahead.append(case.seed)
        while self.done in self.ahead:
            self.ahead.remove(self.done)
            self.done += 1

    @property
    def rate(self) -> float:
        """Node-hours for each CPU-second, of seeds with the stub."""
        spent_s = self.cpu_s - self.real_cpu_s
        return (self.node_hours - self.real_hours) / spent_s if spent_s else 0.0

    def save(self, path: Path) -> None:
        """Write it whole, or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, code: str) -> Progress:
        """Return where it stopped; nothing counts that other code lived through."""
        if path.exists():
            held = cls(**json.loads(path.read_text(encoding="utf-8")))
            if held.code == code:
                return held
        return cls(code)


def fingerprint() -> str:
    """Return what tells one state of the code from another."""
    digest = hashlib.sha256()
    for folder in ("fabnet", "tests/sim", "tests/designs"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def museum() -> list[Case]:
    """Return every case that ever found something."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    found = [it.split() for it in lines if it and not it.startswith("#")]
    return [
        Case.of(int(seed), restores="restores" in how, liars="liars" in how)
        for seed, how, *_ in found
    ]


def go_on(
    progress: Progress, *, node_hours: int, processes: int, restores: bool = RESTORES
) -> Iterator[tuple[Outcome, Progress]]:
    """Live through further seeds until so many node-hours are done in all."""
    seeds = _further(progress)
    asked = progress.node_hours
    # Spawned, not forked: whoever runs this may have threads.
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_leave_to_parent
    )
    running: set[Future[Outcome]] = set()
    try:
        while True:
            while asked < node_hours and len(running) < 2 * processes:
                case = Case.of(next(seeds), restores=restores)
                asked += case.node_hours
                running.add(pool.submit(run, case))
            if not running:
                return
            over, running = wait(running, return_when=FIRST_COMPLETED)
            for future in over:
                outcome = future.result()
                progress.add(outcome)
                yield outcome, progress
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return how many processes may run at once."""
    return len(os.sched_getaffinity(0))


def _leave_to_parent() -> None:
    """Let whoever started us decide what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _further(progress: Progress) -> Iterator[int]:
    seed, ahead = progress.done, set(progress.ahead)
    while True:
        if seed not in ahead:
            yield seed
        seed += 1
