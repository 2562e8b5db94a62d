from __future__ import annotations

from fabnet.node.clock import Clock, StillClock, SystemClock


def test_the_computers_clocks_go_on_within_one_boot() -> None:
    clock: Clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.moment_ms > 1_700_000_000_000
    assert second.tick_ms >= first.tick_ms > 0
    assert SystemClock().now().boot_id == first.boot_id != ""


def test_dice_give_as_many_bytes_as_asked_and_others_each_time() -> None:
    clock = SystemClock()
    assert len(clock.token(32)) == 32
    assert clock.token(32) != clock.token(32)


def test_a_still_clock_moves_only_by_hand() -> None:
    clock = StillClock()
    before = clock.now()
    assert clock.now() == before
    clock.advance(1_500)
    assert clock.now().moment_ms - before.moment_ms == 1_500
    assert clock.now().tick_ms - before.tick_ms == 1_500


def test_still_dice_differ_from_throw_to_throw_and_repeat_from_run_to_run() -> None:
    clock: Clock = StillClock()
    first, second = clock.token(8), clock.token(8)
    assert first != second
    again = StillClock()
    assert (again.token(8), again.token(8)) == (first, second)
