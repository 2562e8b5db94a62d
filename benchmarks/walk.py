"""The walk: whole walks a CPU-second, an idle node's weight, the demonstration's time.

`python -m benchmarks.walk`, or `make bench NAME=walk`; QUICK=1 walks fewer times.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure, measured
from fabnet.records.keys import PublicKey, SigningKey
from tests.sim.cities import founded, printer, published
from tests.sim.world import START_MS

CITIES = ("jackson", "detroit", "barcelona")
HOUR_MS = 3_600_000
READY_S_MAX = 30
DEMO_S_MAX = 300
STARTS = 3
HELLO = """
import asyncio
from aiohttp import web
from sqlalchemy import create_engine, text

async def hello(request):
    with engine.begin() as connection:
        return web.Response(text=str(connection.execute(text("select 1")).scalar()))

async def main():
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

engine = create_engine("sqlite:///" + __import__("sys").argv[1])
asyncio.run(main())
"""


@dataclass(slots=True)
class Signatures:
    """How many times keys were used, counted at their door."""

    signed: int = 0
    verified: int = 0


def count_signatures() -> Signatures:
    """Count each use of Ed25519 from here on, at the price of one addition."""
    counted = Signatures()
    sign, verify = SigningKey.sign, PublicKey.verify

    def counting_sign(self: SigningKey, payload: bytes) -> bytes:
        counted.signed += 1
        return sign(self, payload)

    def counting_verify(self: PublicKey, payload: bytes, signature: bytes) -> None:
        counted.verified += 1
        verify(self, payload, signature)

    SigningKey.sign = counting_sign  # type: ignore[method-assign]  # to count
    PublicKey.verify = counting_verify  # type: ignore[method-assign]  # to count
    return counted


@dataclass(frozen=True, slots=True)
class Walk:
    """What one walk took."""

    cpu_s: float
    work: Counter[str]
    """Frames, bytes, commits and messages."""


def walk(seed: int) -> Walk:
    """Walk once, publish to credit in one simulated hour."""
    network = founded(*CITIES, seed=seed)
    jackson, detroit, barcelona = network.sites.values()
    jackson.owns(printer(jackson, bed_um=10_000))
    detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona))
    jackson.accepts_all()
    network.run(5)
    before = Counter(network.world.work)
    start = time.process_time()
    cid = published(barcelona)
    network.knows_of(cid)
    job = jackson.asks_for(cid, 6)
    network.finish(jackson, job)
    network.world.run(max(0, START_MS + HOUR_MS - network.world.now_ms))
    spent = time.process_time() - start
    assert jackson.state(job) == "fulfilled"
    assert network.watch.settled()[jackson.identity.charter] < 0
    return Walk(spent, network.world.work - before)


def walks(count: int) -> Figure:
    """Return whole walks a CPU-second; raw Ed25519 alone is the baseline."""
    walk(0)
    seeds = range(1, count + 1)
    spent = [walk(seed).cpu_s for seed in seeds]
    counted = count_signatures()
    founded(*CITIES, seed=1)
    founding = Signatures(counted.signed, counted.verified)
    work = walk(1).work
    # The founding came twice, and is not timed.
    signed = counted.signed - 2 * founding.signed
    verified = counted.verified - 2 * founding.verified
    raw_s = _price(lambda key: key.sign(b"x" * 300)) * signed
    raw_s += _verify_price() * verified
    return Figure(
        f"whole walks a CPU-second (6 pieces, 3 peers; {signed} signatures, "
        f"{verified} checks, {work['frames']} frames and {work['commits']} commits "
        "each; baseline: these signatures and checks alone)",
        count / sum(spent),
        "walks/s",
        50,
        1 / raw_s,
        list(seeds),
        at_least=True,
    )


def _price(use: Callable[[SigningKey], object], times: int = 2_000) -> float:
    key = SigningKey.from_seed(b"k" * 32)
    start = time.process_time()
    for _ in range(times):
        use(key)
    return (time.process_time() - start) / times


def _verify_price() -> float:
    key = SigningKey.from_seed(b"k" * 32)
    public, payload = key.public, b"x" * 300
    signature = key.sign(payload)
    return _price(lambda _: public.verify(payload, signature))


# ------------------------------------------------------------------ a real node


@dataclass(frozen=True, slots=True)
class Idle:
    """How soon a program was ready, and what it weighs when it has nothing to do."""

    ready_s: float
    megabytes: float


def idle(command: list[str], folder: Path) -> Idle:
    """Start a program, wait until it says that it is ready, weigh it, and stop it."""
    start = time.perf_counter()
    with running(command, folder) as pid:
        ready_s = time.perf_counter() - start
        time.sleep(2)
        return Idle(ready_s, resident_mb(pid))


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[int]:
    """Run a program from when it says that it is ready; yield its process id."""
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            _said_ready(process)
            yield process.pid
        finally:
            process.terminate()


def new_node(folder: Path, port: int) -> list[str]:
    """Found a node at a port and the next; return the command that runs it."""
    fabnet = [sys.executable, "-m", "fabnet"]
    subprocess.run(
        [
            *fabnet, "init", str(folder / "node"), "--name", "Bench",
            "--latitude", "32.3", "--longitude", "-90.2",
            "--public", f"127.0.0.1:{port}", "--operator", f"127.0.0.1:{port + 1}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return [*fabnet, "run", str(folder / "node" / "config.toml")]


def _said_ready(process: subprocess.Popen[str]) -> None:
    """Wait until a program says that it is ready."""
    assert process.stdout is not None, "started with a pipe"
    line = "starting"
    while "ready" not in line:
        readable, _, _ = select.select([process.stdout], [], [], READY_S_MAX)
        line = process.stdout.readline() if readable else ""
        if not line:
            raise RuntimeError(f"{process.args!r}: never said ready")


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [each for each in status.splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) / 1_024


def nodes() -> list[Figure]:
    """Return an idle node's weight and start beside those of a hello world."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = new_node(folder, 18_101)
        hello = [sys.executable, "-c", HELLO, str(folder / "hello.db")]
        ours = [idle(run, folder) for _ in range(STARTS)]
        theirs = [idle(hello, folder) for _ in range(STARTS)]
    return [
        Figure(
            "an idle node's memory (baseline: aiohttp and SQLAlchemy saying hello)",
            max(each.megabytes for each in ours),
            "MB",
            90,
            max(each.megabytes for each in theirs),
        ),
        Figure(
            "a node's start until it is ready (median; baseline: the same hello)",
            sorted(each.ready_s for each in ours)[STARTS // 2],
            "s",
            1.5,
            sorted(each.ready_s for each in theirs)[STARTS // 2],
        ),
    ]


def demo() -> Figure:
    """Return how long three nodes and a finished cross-city job take."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "fabnet", "demo", "--once"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=DEMO_S_MAX,
    )
    return Figure(
        "three nodes and a finished cross-city job (no baseline: nothing else does it)",
        time.perf_counter() - start,
        "s",
        60,
        None,
    )


def main() -> None:
    """Measure each, and print it as soon as it is known."""
    quick = os.environ.get("QUICK") == "1"
    measures: list[Callable[[], list[Figure]]] = [
        nodes,
        lambda: [demo()],
        lambda: [walks(5 if quick else 40)],
    ]
    measured(measures)


if __name__ == "__main__":
    main()
