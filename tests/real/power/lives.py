"""One hand-off, with the power cut at each of the changes that it makes to the disk."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.real.power.cuts import run_until_cut
from tests.real.power.handoff import PIECES, Piece, Said, Seen, hand_off, look
from tests.real.power.mount import Mount
from tests.real.power.platter import Mode, Platter

BOOTS_MAX: Final = 2
NEVER: Final = 1 << 30


@dataclass
class Handed:
    """What came of one hand-off."""

    changes: int = 0
    """To the disk, in the first boot."""
    wrong: list[str] = field(default_factory=list)
    boots: int = 0
    begun: list[int] = field(default_factory=list)
    """How many changes there had been when each piece was begun, in the first boot."""
    under_way: int = 0
    """Pieces that the machine had begun, and not put on the bench, at the cut."""


def hand_off_cut_at(
    folder: Path, laid_out: Path, mode: Mode, cut: int, fault: str = "none"
) -> Handed:
    """Hand off a request, cut at a change; start again and let it come to its end."""
    dice = random.Random(f"{mode} {cut}")
    platter = Platter(mode)
    platter.load(laid_out)
    point = folder / "mount"
    point.mkdir(parents=True)
    made: list[int] = []
    when: dict[Said, int] = {}

    def boot(number: int, bench: frozenset[Piece]) -> list[Said]:
        at = NEVER if number else cut
        fate = partial(Mount.cut_after, changes=at)
        heard, changes = run_until_cut(
            platter, point, fate, hand_off, (point, bench, fault),
            when={} if number else when,
        )  # fmt: skip
        made.append(changes)
        platter.cut(dice)
        return heard

    handed = live_through(folder, boot, platter.copy_to, dice)
    handed.changes = made[0]
    handed.begun = [changes for said, changes in when.items() if said[0] == "act"]
    return handed


def live_through(
    folder: Path,
    boot: Callable[[int, frozenset[Piece]], list[Said]],
    copy_to: Callable[[Path], None],
    dice: random.Random,
) -> Handed:
    """Boot until the request is fulfilled; hold what was told against the disk."""
    handed, seen = Handed(), Seen()
    said: list[Said] = []
    bench: set[Piece] = set()
    for number in range(BOOTS_MAX):
        heard = boot(number, frozenset(bench))
        handed.boots += 1
        said += heard
        _on_the_bench(bench, heard, dice)
        copy_to(folder / f"seen-{number}")
        seen = _look(folder / f"seen-{number}", said)
        handed.wrong += seen.broken
        if ("done",) in heard:
            break
        handed.under_way += len(_under_way(heard))
    begun = [each for each in said if each[0] == "act"]
    if len(begun) != len(set(begun)):
        handed.wrong.append(f"a piece was begun twice: {begun}")
    if not seen.fulfilled or not len(bench) == seen.booked == PIECES:
        handed.wrong.append(
            f"{folder.name}: {len(bench)} on the bench, {seen.booked} in the book,"
            f" fulfilled: {seen.fulfilled}"
        )
    return handed


def _look(folder: Path, said: list[Said]) -> Seen:
    raw = sqlite3.connect(folder / "fabnet.db")
    (whole,) = raw.execute("PRAGMA integrity_check").fetchone()
    raw.close()
    seen = asyncio.run(look(folder, said))
    shutil.rmtree(folder)
    if whole != "ok":
        seen.broken.append(whole)
    return seen


def _under_way(heard: list[Said]) -> list[Piece]:
    """Return the pieces that were begun, and not yet out at the cut."""
    begun = [(job, epoch, piece) for _, job, epoch, piece in _pieces(heard, "act")]
    made = [(job, epoch, piece) for _, job, epoch, piece in _pieces(heard, "made")]
    return [piece for piece in begun if piece not in made]


def _pieces(heard: list[Said], kind: str) -> list[Said]:
    return [said for said in heard if said[0] == kind]


def _on_the_bench(bench: set[Piece], heard: list[Said], dice: random.Random) -> None:
    """Add what came out; a piece under way at the cut may still, by the dice."""
    bench.update((job, epoch, piece) for _, job, epoch, piece in _pieces(heard, "made"))
    bench.update(piece for piece in _under_way(heard) if dice.random() < 0.5)
