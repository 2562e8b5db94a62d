"""Makes `proven.json`: what HiGHS proves of small shops and CP-SAT finds in large.

`python -m benchmarks.scheduling.proven` (needs highspy and ortools; some minutes). The
optima are those of the time-indexed model, without the starts which our own bound says
that no plan better than ours has; HiGHS proves that no better one is left.
"""

from __future__ import annotations

import json
import time

import highspy
import numpy as np
from ortools.sat.python import cp_model

from benchmarks.scheduling.shops import HORIZON, STEP_MS, STORED, shop
from fabnet.scheduling.queue.bound import bound, starts
from fabnet.scheduling.queue.search import anneal, insert
from fabnet.scheduling.queue.shop import Ints, Shop, lot_cost

SEEDS = range(20)
CP_SEEDS = range(3)
CP_WALL_S = 60


def optimum(each: Shop) -> int:
    """Return the cost of the best plan, in steps, proven by HiGHS."""
    found = insert(each)
    for seed in range(4):
        found = anneal(each, found, 60_000, seed)
    proof = bound(each, found, 2_000)
    lot, pair, step = starts(each, found, proof, found.cost_ms)
    end_ms = step * proof.step_ms + each.length_ms[pair]
    cost = lot_cost(each, lot, pair, end_ms) // STEP_MS
    better = _highs(each, lot, pair, step, cost)
    return min(better, found.cost_ms // STEP_MS)


def _highs(each: Shop, lot: Ints, pair: Ints, step: Ints, cost: Ints) -> int:
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("mip_rel_gap", 0.0)
    chosen = [model.addBinary(obj=float(value)) for value in cost]
    for number in range(each.lots):
        mine = [chosen[at] for at in np.flatnonzero(lot == number)]
        model.addConstr(sum(mine) == 1)
    on, length = each.machine[each.slot[pair]], each.length_ms[pair] // STEP_MS
    for machine in range(each.machines):
        for time_ in range(int((step + length).max())):
            busy = (on == machine) & (step <= time_) & (time_ < step + length)
            if busy.sum() > 1:
                model.addConstr(sum(chosen[at] for at in np.flatnonzero(busy)) <= 1)
    model.minimize()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return 2**62
    found: float = model.getObjectiveValue()
    return round(found)


def cp_sat(each: Shop) -> int | None:
    """Return the cost, in steps, of what CP-SAT finds in a minute with two workers."""
    model = cp_model.CpModel()
    lines: dict[int, list[cp_model.IntervalVar]] = {}
    total: list[cp_model.LinearExprT] = []
    for lot in range(each.lots):
        end = model.new_int_var(0, HORIZON, "")
        late = model.new_int_var(0, HORIZON, "")
        model.add(late >= end - int(each.due_ms[lot]) // STEP_MS)
        present = []
        for pair in range(int(each.first[lot]), int(each.first[lot + 1])):
            machine = int(each.slot[pair])
            ready = max(int(each.release_ms[lot]), int(each.open_ms[machine]))
            length = int(each.length_ms[pair]) // STEP_MS
            here = model.new_bool_var("")
            start = model.new_int_var(ready // STEP_MS, HORIZON, "")
            lines.setdefault(machine, []).append(
                model.new_optional_interval_var(start, length, end, here, "")
            )
            present.append(here)
            total.append(here * (int(each.fixed_ms[pair]) // STEP_MS))
        model.add_exactly_one(present)
        total += [end, late * (int(each.need_permille[lot]) // 1_000)]
    for line in lines.values():
        model.add_no_overlap(line)
    model.minimize(sum(total))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = CP_WALL_S
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return round(solver.objective_value) if found else None


def main() -> None:
    """Make both lists, and keep them."""
    optima, start = [], time.monotonic()
    for seed in SEEDS:
        optima.append(optimum(shop(50, 10, seed)))
        print(seed, optima[-1], round(time.monotonic() - start, 1), flush=True)
    found = []
    for seed in CP_SEEDS:
        found.append(cp_sat(shop(500, 50, seed)))
        print(seed, found[-1], flush=True)
    stored = {
        "command": "python -m benchmarks.scheduling.proven",
        "optimum_50x10_steps": optima,
        "cp_sat_500x50_steps": found,
        "cp_sat_wall_s": CP_WALL_S,
        "cp_sat_workers": 2,
    }
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
