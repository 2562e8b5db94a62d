"""An event loop without a computer under it: its clock jumps, its dice are a seed's.

What is real: asyncio's own tasks, timers, futures and groups. What is played: time,
which moves only when nothing else can; threads, whose work is done between two turns
after a drawn delay; and which of several tasks that could go on goes on first. Nothing
here waits, so an hour costs what happens in it.
"""

from __future__ import annotations

import asyncio
import heapq
import socket
import threading
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from random import Random
from typing import Any, Final, TypeVar, TypeVarTuple

from tests.sim.loop.wires import HERE, INSTANT_S, Wires

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

JOB_S: Final = (0.000_1, 0.004)
"""How long a thread takes for its work, before it is done."""
TOLD_S: Final = (0.000_1, 0.002)
"""How long it takes until the loop hears of a thread."""
TURNS_MAX: Final = 2_000_000
"""Turns of one loop; a story that needs more never ends."""


class Task(asyncio.Task[T]):
    """A task with a number, by which sets of them have an order that repeats."""

    def __init__(
        self, steps: Steps[T], *, loop: Loop, number: int, **more: Any
    ) -> None:
        self.number = number
        self.home = HERE.get()
        self.steps = steps
        super().__init__(steps, loop=loop, **more)

    def __hash__(self) -> int:
        return self.number


class Steps(Coroutine[Any, Any, T]):
    """A coroutine that tells of each place at which it waits."""

    def __init__(self, inner: Coroutine[Any, Any, T], loop: Loop) -> None:
        self._inner = inner
        self._loop = loop
        self.taken = 0

    def send(self, value: Any) -> Any:
        waits_for = self._inner.send(value)
        self._waits()
        return waits_for

    def throw(self, *error: Any) -> Any:
        waits_for = self._inner.throw(*error)
        self._waits()
        return waits_for

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, None, T]:
        return self._inner.__await__()

    def where(self) -> str:
        """Return the innermost line that waits, for whoever reads of it."""
        awaited: Any = self._inner
        at = ""
        while awaited is not None:
            frame = getattr(awaited, "cr_frame", None) or getattr(
                awaited, "gi_frame", None
            )
            if frame is not None:
                name = frame.f_code.co_filename.rpartition("/")[2]
                at = f"{name}:{frame.f_lineno} {frame.f_code.co_name}"
            awaited = getattr(awaited, "cr_await", None) or getattr(
                awaited, "gi_yieldfrom", None
            )
        return at

    def _waits(self) -> None:
        self.taken += 1
        task = asyncio.current_task(self._loop)
        assert isinstance(task, Task)
        self._loop.waits(task)


class _Never:
    """A selector that watches nothing: where others wait, it moves the clock."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everybody waits for somebody else, for ever")
        if timeout > 0:
            self._loop.now_s += timeout
        return []

    def close(self) -> None: ...


class Loop(asyncio.BaseEventLoop):
    """One thread, one virtual clock, one seed."""

    def __init__(self, seed: int, at_s: float) -> None:
        super().__init__()
        self.dice = Random(seed)
        self.now_s = at_s
        self.wires = Wires(self, self.draw)
        self.turns = 0
        self.waits: Callable[[Task[Any]], None] = lambda _: None
        """Is told of each task that begins to wait."""
        self.gone_wrong: list[str] = []
        """What nobody caught."""
        self._selector = _Never(self)
        self._thread_of = threading.get_ident()
        self._told: list[asyncio.TimerHandle] = []
        self._told_s = 0.0
        self._made = 0
        self.set_task_factory(_numbered)
        self.set_exception_handler(_note)

    # ------------------------------------------------------------------ what turns

    def time(self) -> float:
        return self.now_s

    def draw(self, bounds: tuple[float, float]) -> float:
        """Draw a number of seconds."""
        return self.dice.uniform(*bounds)

    def number(self) -> int:
        self._made += 1
        return self._made

    def _run_once(self) -> None:
        self.turns += 1
        assert self.turns < TURNS_MAX, "the story never ends"
        while self._told:
            _schedule(self, self._told.pop(0))
        self._shuffle()
        super()._run_once()  # type: ignore[misc]  # asyncio's own, which no stub has

    def _shuffle(self) -> None:
        """Let the tasks that can go on change places; all else stays where it is."""
        ready: Any = self._ready  # type: ignore[attr-defined]  # the same
        if len(ready) < 2:
            return
        places = [at for at, handle in enumerate(ready) if _task_of(handle)]
        drawn = [ready[at] for at in places]
        self.dice.shuffle(drawn)
        for at, handle in zip(places, drawn, strict=True):
            ready[at] = handle

    def _process_events(self, event_list: list[Any]) -> None: ...

    def _write_to_self(self) -> None: ...

    # ------------------------------------------------------------------ threads

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        if threading.get_ident() == self._thread_of:
            return self.call_soon(callback, *args, context=context)
        # From a thread of ours, which holds the baton: heard later, but in order.
        at_s = max(self._told_s + INSTANT_S, self.now_s + self.draw(TOLD_S))
        self._told_s = at_s
        handle = asyncio.TimerHandle(at_s, callback, args, self, context)
        self._told.append(handle)
        return handle

    def run_in_executor(
        self, executor: object, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()

        def work() -> None:
            # Given up before it began, or already under way: nobody can know.
            if done.cancelled() and self.dice.random() < 0.5:
                return
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001  # as an executor has it: the caller's
                if not done.cancelled():
                    done.set_exception(error)
            else:
                if not done.cancelled():
                    done.set_result(result)

        self.call_later(self.draw(JOB_S), work)
        return done

    # ------------------------------------------------------------------ the network

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        await self.wires.dial(sock, (str(address[0]), int(address[1])))

    async def create_connection(  # type: ignore[override]  # only as aiohttp calls it
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *,
        sock: socket.socket,
        **_: object,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        return self.wires.join(sock, protocol_factory)

    async def create_server(  # type: ignore[override]  # the same
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
        **_: object,
    ) -> asyncio.AbstractServer:
        return self.wires.listen((host, port), protocol_factory)

    async def sendfile(self, *_: object, **__: object) -> int:
        raise NotImplementedError("no kernel is here that could")


def _schedule(loop: Any, handle: asyncio.TimerHandle) -> None:
    """Do what `call_at` does with a handle that a thread has made."""
    heapq.heappush(loop._scheduled, handle)
    handle._scheduled = True  # type: ignore[attr-defined]  # as `call_at` has it


def _numbered(
    loop: asyncio.AbstractEventLoop, coro: Any, **more: Any
) -> asyncio.Task[Any]:
    assert isinstance(loop, Loop)
    return Task(Steps(coro, loop), loop=loop, number=loop.number(), **more)


def _task_of(handle: asyncio.Handle) -> Task[Any] | None:
    task = getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]  # what asyncio's own debugging looks at
    return task if isinstance(task, Task) else None


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    assert isinstance(loop, Loop)
    error = context.get("exception")
    loop.gone_wrong.append(f"{context['message']}: {error!r}")
