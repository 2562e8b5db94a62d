"""The search: answers from a catalogue of 2,000 designs, and how it is filled.

`python -m benchmarks.search`, or `make bench NAME=search`.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from statistics import median

import msgspec

from benchmarks.figure import Figure, report
from fabnet.designs.catalogue import Catalogue, announce, fold, query, summarise
from fabnet.designs.lineage import kin_of
from fabnet.designs.revision import Revision, encode, parse, revision_cid
from fabnet.records.ids import RecordId
from tests.designs.samples import ADA, BEN, requirement, revision

DESIGNS = 2_000
ROUNDS = 50
SEED = 1
THINGS = [
    "coat",
    "hook",
    "shelf",
    "bracket",
    "door",
    "handle",
    "pull",
    "lamp",
    "shade",
    "loom",
    "comb",
    "ratchet",
    "wheel",
    "beam",
    "frame",
    "clamp",
    "ring",
    "unión",
    "soporte",
    "manija",
    "estantería",
    "lámpara",
    "engranaje",
]
MATERIALS = ("pla", "petg", "plywood", "steel", "acrylic")
PROCESSES = ("3d-printing.fdm", "laser-cutting", "cnc-milling", "assembly")
ASKED = ("hook", "union soporte", "lamp shade loom", "nothing of the kind")


def designs(dice: random.Random) -> list[Revision]:
    """Return designs of a few parts and a paragraph each; a third follow another."""
    plain, found = revision(), list[Revision]()
    (body,) = plain.parts
    for number in range(DESIGNS):
        parts = tuple(
            msgspec.structs.replace(
                body,
                name=f"{dice.choice(THINGS)} {index}",
                requirement=requirement(
                    process=dice.choice(PROCESSES), materials=(dice.choice(MATERIALS),)
                ),
            )
            for index in range(dice.randint(1, 6))
        )
        title = " ".join(dice.choices(THINGS, k=3)) + f" {number}"
        function = " ".join(dice.choices(THINGS, k=60))
        drawn = msgspec.structs.replace(
            plain, title=title, function=function, parts=parts
        )
        if number % 3 == 2:
            parent = found[dice.randrange(len(found))]
            cid = revision_cid(encode(parent))
            drawn = msgspec.structs.replace(
                drawn, lineage=parent.lineage or cid, parents=(cid,)
            )
        found.append(drawn)
    return found


def filled(manifests: list[bytes]) -> Catalogue:
    """Read manifests into a catalogue, as the shelf does."""
    held, signers = Catalogue(), (ADA.public.did, BEN.public.did)
    for arrival, raw in enumerate(manifests):
        cid, read = revision_cid(raw), parse(raw)
        first = read.lineage or cid
        heard = announce(cid, arrival, RecordId(cid), title=read.title, first=first)
        held.add(summarise(heard, read, kin_of(cid, read, signers)))
    return held


def timed(act: Callable[[], object]) -> float:
    """Return the median CPU milliseconds of one call."""
    spent: list[float] = []
    for _ in range(ROUNDS):
        start = time.process_time()
        act()
        spent.append(time.process_time() - start)
    return 1_000 * median(spent)


def searches(held: Catalogue) -> float:
    """Return what the four questions take together, folding and ranking included."""
    return timed(
        lambda: [held.search(query(text=text, newest=True), 50) for text in ASKED]
    )


def like(read: list[Revision]) -> float:
    """Return what LIKE takes to find all of the same, in rows already folded."""
    database = sqlite3.connect(":memory:")
    database.execute("create table design (title text, told text)")
    rows = [
        (it.title, fold(" ".join((it.title, it.function, *(p.name for p in it.parts)))))
        for it in read
    ]
    database.executemany("insert into design values (?, ?)", rows)

    def ask() -> None:
        for text in ASKED:
            words = [f"%{word}%" for word in fold(text).split()]
            where = " and ".join("told like ?" for _ in words)
            question = f"select title from design where {where}"
            database.execute(question, words).fetchall()

    return timed(ask)


def main() -> None:
    """Measure each, and print it."""
    read = designs(random.Random(SEED))
    manifests = [encode(each) for each in read]
    start = time.process_time()
    held = filled(manifests)
    filling_s = time.process_time() - start
    start = time.process_time()
    for raw in manifests:
        msgspec.json.decode(raw)
    bare_s = time.process_time() - start
    figures = [
        Figure(
            f"four searches of {DESIGNS} designs, ranked, superseded ones left out "
            "(baseline: SQLite LIKE over folded text, unranked)",
            searches(held), "ms", 60, like(read), [SEED],
        ),
        Figure(
            f"filling the catalogue with {DESIGNS} manifests, each checked whole "
            "(baseline: a bare JSON decode)",
            filling_s, "s", 4, bare_s, [SEED],
        ),
    ]  # fmt: skip
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
