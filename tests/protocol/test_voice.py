"""What we say is counted, chained, and said again before it expires."""

from __future__ import annotations

from collections.abc import Sequence

from fabnet.protocol.effects import Effect, Keep
from fabnet.protocol.voice import REFRESHES_PER_TTL, Standing, Voice
from fabnet.records.record import Record
from tests.protocol.minds import Said, turn, voice

TTL_S = 300
AGAIN_MS = TTL_S * 1_000 // REFRESHES_PER_TTL


def announce(speaking: Voice, words: str, *, tick_ms: int = 0) -> tuple[Standing, int]:
    """Announce words; return what stands, and how many records that took."""
    said = turn(tick_ms)
    standing = speaking.announce(said, "notice.said/1", "it", Said(words), ttl_s=TTL_S)
    return standing, len(kept(said.effects))


def kept(effects: Sequence[Effect]) -> list[Record]:
    return [effect.record for effect in effects if isinstance(effect, Keep)]


def test_log_records_are_chained_from_one() -> None:
    speaking, said = voice(), turn()
    one = speaking.log(said, "talk/1", None, Said("one"))
    two = speaking.log(said, "talk/1", None, Said("two"))

    assert (one.header.seq, one.header.prev) == (1, None)
    assert (two.header.seq, two.header.prev) == (2, one.id)
    assert kept(said.effects) == [one, two]
    assert speaking.arrival == 2


def test_a_notice_that_says_the_same_is_said_once() -> None:
    speaking = voice()

    assert announce(speaking, "open")[1] == 1
    assert announce(speaking, "open", tick_ms=AGAIN_MS - 1)[1] == 0


def test_a_notice_is_said_again_before_it_expires() -> None:
    speaking = voice()
    announce(speaking, "open")
    assert speaking.due_tick() == AGAIN_MS

    early, due = turn(AGAIN_MS - 1), turn(AGAIN_MS)
    speaking.tick(early)
    speaking.tick(due)

    assert not early.effects
    (again,) = kept(due.effects)
    assert again.header.seq == 2
    assert speaking.due_tick() == 2 * AGAIN_MS


def test_what_is_only_said_again_keeps_its_promise_since_the_first_time() -> None:
    speaking = voice()
    announce(speaking, "open")
    speaking.tick(turn(AGAIN_MS))
    repeated, _ = announce(speaking, "open", tick_ms=AGAIN_MS)
    assert (repeated.version, repeated.since) == (2, 1)

    changed, _ = announce(speaking, "closed", tick_ms=AGAIN_MS)
    assert (changed.version, changed.since) == (3, 3)

    back, _ = announce(speaking, "open", tick_ms=AGAIN_MS)
    assert (back.version, back.since) == (4, 4), "the old promise is not revived"


def test_what_we_said_is_there_for_ourselves_to_hear() -> None:
    speaking, said = voice(), turn()
    record = speaking.log(said, "talk/1", None, Said("one"))

    assert speaking.spoken == [record]
