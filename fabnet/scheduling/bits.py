"""One bit for each demand, so that `needs & ~can == 0` says whether a machine is able.

There are more processes and materials than bits, so bits are given out anew for each
problem, and within it for each family of processes: a machine of one family is never
asked about another. A row that takes any of several materials asks with one bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.designs.requirement import Requirement
from fabnet.errors import InputError
from fabnet.production.capability import Capability, does_process
from fabnet.production.plan import Offered, Wanted

Words = NDArray[np.uint32]

CLAUSES_MAX: Final = 4_096
"""Different demands in one family of processes: 4 bytes a machine for every 32."""
WORD: Final = 32
"""Bits of a word: few families of processes ask for more."""
_MASK: Final = 2**WORD - 1


class Demand(IntEnum):
    """What a bit stands for: a demand that a machine either meets or does not."""

    PROCESS = 0
    MATERIAL = 1
    NOZZLE = 2
    SKILL = 3


Clause = tuple[Demand, str | int | frozenset[str]]
"""One demand: a process, the materials any of which will do, a nozzle, or a skill."""

Bits = Mapping[str, Mapping[Clause, int]]
"""For each family of processes, the bit of each clause that a row there asks for."""


def family_of(process: str) -> str:
    """Return the first word of a process: only machines of its family can do it."""
    return process.partition(".")[0]


def assign(wanted: Sequence[Wanted]) -> Bits:
    """Give a bit to each clause of this problem: there are more materials than bits."""
    bits: dict[str, dict[Clause, int]] = {}
    for row, want in enumerate(wanted):
        family = bits.setdefault(family_of(want.requirement.process), {})
        for clause in clauses_of(want.requirement):
            family.setdefault(clause, len(family))
        if len(family) > CLAUSES_MAX:
            raise InputError(
                f"wanted[{row}].requirement",
                f"expected at most {CLAUSES_MAX} different demands in one family",
            )
    return bits


def clauses_of(need: Requirement) -> list[Clause]:
    """Return what a requirement asks for, each with a bit of its own."""
    clauses: list[Clause] = [(Demand.PROCESS, need.process)]
    if need.materials:
        clauses.append((Demand.MATERIAL, frozenset(need.materials)))
    if need.nozzle_um is not None:
        clauses.append((Demand.NOZZLE, need.nozzle_um))
    clauses += [(Demand.SKILL, skill) for skill in need.skills]
    return clauses


def _meets(can: Capability, clause: Clause) -> bool:
    match clause:
        case Demand.PROCESS, str(process):
            return does_process(process, can.process)
        case Demand.MATERIAL, frozenset() as materials:
            return not materials.isdisjoint(can.materials)
        case Demand.NOZZLE, int(nozzle_um):
            return nozzle_um in can.nozzles_um
        case _, skill:
            return skill in can.skills


def can_of(offered: Sequence[Offered], bits: Bits) -> Words:
    """Return `[word, slot]`: which of those demands each machine meets."""
    # Workshops own the same few machines, so each kind is asked only once.
    known: dict[tuple[object, ...], set[int]] = {}
    sets = []
    for each in offered:
        can = each.offer.capability
        kind = (can.process, can.materials, can.nozzles_um, can.skills)
        if kind not in known:
            family = bits.get(family_of(can.process), {})
            known[kind] = {bit for clause, bit in family.items() if _meets(can, clause)}
        sets.append(known[kind])
    return _words(sets, bits)


def demands_of(bits: Bits) -> Words:
    """Return `[demand, family, word]`: which bits are of which kind."""
    kinds = []
    for demand in Demand:
        sets = [
            {bit for clause, bit in family.items() if clause[0] is demand}
            for family in bits.values()
        ]
        kinds.append(_words(sets, bits).T)
    return np.stack(kinds)


def _words(sets: Sequence[set[int]], bits: Bits) -> Words:
    return words_of([sum(1 << bit for bit in each) for each in sets], bits)


def words_of(numbers: Sequence[int], bits: Bits) -> Words:
    """Return `[word, entry]`: as many words as the fullest family needs."""
    fullest = max((len(family) for family in bits.values()), default=1)
    words = [
        [number >> WORD * word & _MASK for number in numbers]
        for word in range(max(1, -(-fullest // WORD)))
    ]
    return np.array(words, np.uint32)
