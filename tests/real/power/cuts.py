"""Lives of a node on a lossy disk: start, work, cut, look, and start again."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from fabnet.content import cid as cids
from fabnet.records.ids import PeerId
from tests.real.power.mount import Mount
from tests.real.power.platter import Mode, Platter
from tests.real.power.work import Fault, Said, live, lost

FIRST_CHANGES: Final = 420
"""Changes to the disk that the first start makes, and some of what follows."""
LATER_CHANGES: Final = 900
WAIT_S: Final = 60
"""Until the changes were made; a second is usual."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    ["tests.real.power.work", "tests.real.power.handoff", "alembic.command"]
)


@dataclass
class Tally:
    """What came of some cuts."""

    cuts: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not there afterwards."""
    damaged: list[str] = field(default_factory=list)
    """A database that is not whole, or a file that its name is not the hash of."""
    refused: list[str] = field(default_factory=list)
    """Why things were not kept."""
    estranged: list[str] = field(default_factory=list)
    """Starts that took an ordinary cut for a restore, or for a new node."""


def suffer(
    folder: Path, mode: Mode, *, lives: int, cuts: int, fault: Fault = "none"
) -> Tally:
    """Return what came of `lives` new disks, with so many cuts each."""
    tally = Tally()
    for number in range(lives):
        dice = random.Random(f"{mode} {fault} {number}")
        _live_one(folder / f"{number}", mode, cuts, fault, dice, tally)
    return tally


def _live_one(
    folder: Path, mode: Mode, cuts: int, fault: Fault, dice: random.Random, tally: Tally
) -> None:
    platter = Platter(mode)
    said: set[Said] = set()
    peers: set[PeerId] = set()
    for number in range(cuts):
        point, seen = folder / "mount", folder / f"seen-{number}"
        point.mkdir(parents=True, exist_ok=True)
        changes = dice.randint(1, LATER_CHANGES if number else FIRST_CHANGES)
        args = (point / "node" / "data", dice.randrange(1 << 30), fault)
        heard, made = run_until_cut(
            platter, point, partial(Mount.cut_after, changes=changes), live, args
        )
        assert made == changes, "the process ended by itself"
        for each in heard:
            if each[0] == "start":
                peers.add(PeerId(each[1]))
                if each[3] == "True":
                    tally.estranged.append(f"{folder.name}: taken for restored")
            elif each[0] != "refused":
                said.add(each)
        platter.cut(dice)
        platter.copy_to(seen)
        tally.cuts += 1
        tally.acknowledged += len(heard)
        _look(seen / "node" / "data", peers, said, tally)
        shutil.rmtree(seen)
    if len(peers) > 1:
        tally.estranged.append(f"{folder.name}: {len(peers)} names")


def fail_once(folder: Path, sync: int, *, fault: Fault = "none") -> Tally:
    """Return what came of a disk that fails one sync, and is cut afterwards."""
    dice = random.Random(sync)
    tally, platter = Tally(), Platter("strict")
    point, seen = folder / "mount", folder / "seen"
    point.mkdir(parents=True)
    args = (point / "node" / "data", sync, fault)

    def fate(mount: Mount) -> None:
        mount.fail_sync(sync)
        mount.cut_after(LATER_CHANGES)  # should nobody mind

    heard, _ = run_until_cut(platter, point, fate, live, args)
    platter.cut(dice)
    platter.copy_to(seen)
    said = {each for each in heard if each[0] not in ("start", "refused")}
    peers = {PeerId(each[1]) for each in heard if each[0] == "start"}
    _look(seen / "node" / "data", peers, said, tally)
    tally.cuts, tally.acknowledged = 1, len(said)
    tally.refused = [each[1] for each in heard if each[0] == "refused"]
    return tally


def run_until_cut(
    platter: Platter,
    point: Path,
    fate: Callable[[Mount], None],
    body: Callable[..., None],
    args: tuple[object, ...],
    *,
    when: dict[Said, int] | None = None,
) -> tuple[list[Said], int]:
    """Run `body` in a process until the cut, or its end; return what it said.

    And how many changes there were. `fate` says to the mount what will befall it.
    `when` is told how many there had been when each thing was said.
    """
    ours, theirs = _processes.Pipe(duplex=False)
    with Mount(platter, point) as mount:
        fate(mount)
        process = _processes.Process(target=body, args=(*args, theirs), daemon=True)
        process.start()
        theirs.close()
        heard = _listen(ours, mount, {} if when is None else when)
        # Killed first, so that it cannot take the errors that follow for answers.
        process.kill()
        mount.power_off()
    process.join()
    return heard + _rest(ours), mount.changes


def _listen(pipe: Connection, mount: Mount, when: dict[Said, int]) -> list[Said]:
    """Take what is said until the cut, so that the pipe never fills."""
    heard: list[Said] = []
    for _ in range(int(WAIT_S / 0.01)):
        if mount.dark.wait(0.01):
            break
        with suppress(EOFError):
            while pipe.poll():
                heard.append(pipe.recv())
                when[heard[-1]] = mount.changes
            continue
        break
    return heard


def _rest(pipe: Connection) -> list[Said]:
    heard: list[Said] = []
    with suppress(EOFError):
        while pipe.poll():
            heard.append(pipe.recv())
    pipe.close()
    return heard


def _look(data: Path, peers: set[PeerId], said: set[Said], tally: Tally) -> None:
    database = data / "fabnet.db"
    for path in (data / "blobs").glob("??/*"):
        if cids.of_raw(path.read_bytes()) != path.name:
            tally.damaged.append(f"{path.name}: other bytes")
    if not said:
        return
    if not database.exists():
        tally.lost += [" ".join(each) for each in said]
        return
    try:
        raw = sqlite3.connect(database)
        (whole,) = raw.execute("PRAGMA integrity_check").fetchone()
        raw.close()
    except sqlite3.DatabaseError as error:
        whole = str(error)
    if whole != "ok":
        tally.damaged.append(whole)
        return
    for me in peers:
        tally.lost += asyncio.run(lost(data, me, said))
