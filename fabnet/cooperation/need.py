"""Need before money: in which order a round's lease-requests are answered.

Nothing that anybody pays is known here, so nothing paid can change the order.
"""

from __future__ import annotations

from collections.abc import Sequence

from fabnet.cooperation.policy import Policy
from fabnet.production.lots.making import Making


def round_order(policy: Policy, waiting: Sequence[Making], now_ms: int) -> list[Making]:
    """Return who is answered first: by need, then by slack; ties by start and id."""
    return sorted(waiting, key=lambda making: _rank(policy, making, now_ms))


def slack_ms(making: Making, now_ms: int) -> int:
    """Return how long a lot may still wait and be made by its due moment, at least 0.

    What is overdue is no more urgent than what must begin now: to claim an early due
    moment wins nothing.
    """
    return max(0, making.due_ms - now_ms - (making.end_ms - making.start_ms))


def _rank(
    policy: Policy, making: Making, now_ms: int
) -> tuple[int, int, int, str, int]:
    return (
        -policy.need_weight(making.need),
        slack_ms(making, now_ms),
        making.start_ms,
        making.job,
        making.epoch,
    )
