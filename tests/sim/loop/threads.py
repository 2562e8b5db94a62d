"""The writer's thread, with a baton: it runs when the loop lets it, never beside it.

What `fabnet.node.store.writer` asks of `threading`, so that the real writer, its groups
and its real transactions run in an order that a seed decides. The thread is a thread,
since it blocks in the middle of its work; only one of the two ever moves.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

from tests.sim.loop.loop import Loop

WAKE_S: Final = (0.000_2, 0.012)
"""How long a group gathers, and takes: a commit on a card, and on a good disk."""
_running = threading.local()


class Thread:
    """What waits until the loop hands it the baton."""

    def __init__(self, target: Callable[[], None], *, name: str, daemon: bool) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        self._loop = loop
        self._target = target
        self._turn, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._real = threading.Thread(target=self._live, name=name, daemon=daemon)
        self._is_over = False

    def start(self) -> None:
        self._real.start()
        self.wake()

    def wake(self) -> None:
        """Let it go on, in a while."""
        self._loop.call_later(self._loop.draw(WAKE_S), self.step)

    def wake_at(self, after_s: float) -> threading.Event:
        """Let it go on when so many virtual seconds are over, and know it then."""
        over = threading.Event()

        def wake() -> None:
            over.set()
            self.step()

        self._loop.call_later(after_s, wake)
        return over

    def step(self) -> None:
        """Hand it the baton, and wait until it gives it back."""
        if not self._is_over:
            self._turn.release()
            self._back.acquire()

    def park(self) -> None:
        """Give the baton back, and wait for it: called in the thread."""
        self._back.release()
        self._turn.acquire()

    def join(self) -> None:
        while not self._is_over:
            self.step()
        self._real.join()

    def _live(self) -> None:
        self._turn.acquire()
        _running.thread = self
        try:
            self._target()
        finally:
            self._is_over = True
            self._back.release()


class Condition:
    """A condition that needs no lock, since nothing runs beside whoever looks at it."""

    def __init__(self) -> None:
        self._waits: Thread | None = None

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def wait_for(
        self, holds: Callable[[], object], timeout: float | None = None
    ) -> None:
        thread: Thread = _running.thread
        over = None if timeout is None else thread.wake_at(timeout)
        while not holds() and (over is None or not over.is_set()):
            self._waits = thread
            thread.park()

    def notify(self) -> None:
        if self._waits is not None:
            self._waits.wake()
