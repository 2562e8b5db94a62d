"""The network of the loop: connections in memory, slow, in order, and easily broken.

As TCP has it: what is written arrives whole and in order or the connection ends; across
a parted wire it waits; a buffer that is full says so.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Collection
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Final, cast

Address = tuple[str, int]
Made = Callable[[], asyncio.BaseProtocol]

HERE: ContextVar[str] = ContextVar("HERE", default="127.0.0.1")
"""The address this runs at: tasks and callbacks inherit it from whoever made them."""
WIRE_S: Final = (0.000_5, 0.03)
"""How long a byte is under way."""
HIGH_BYTES: Final = 64 * 1_024
LOW_BYTES: Final = 16 * 1_024
"""Where a writer is told to wait, and to go on: asyncio's own marks."""
INSTANT_S: Final = 1e-6
"""What keeps two things in order that must not change places."""


class End(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, wires: Wires, protocol: Any, ours: Address) -> None:
        super().__init__()
        self.ours = ours
        self.other: End = self
        self.came: deque[bytes] = deque()
        """What arrived while nobody reads."""
        self._wires = wires
        self._protocol = protocol
        self._context: Context = copy_context()
        self._newest_s = 0.0
        self._unsent = 0
        self._is_closing = self._is_lost = self._is_paused = self._is_full = False

    # ------------------------------------------------------------------ asked of it

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        known = {"peername": self.other.ours, "sockname": self.ours}
        return known.get(name, default)

    def is_closing(self) -> bool:
        return self._is_closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return cast("asyncio.BaseProtocol", self._protocol)

    def is_reading(self) -> bool:
        return not self._is_paused

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._wires.soon(self._read, self._context)

    def get_write_buffer_size(self) -> int:
        return self._unsent

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        raw = bytes(data)
        if self._is_closing or not raw:
            return
        self._unsent += len(raw)
        self._later(lambda: self._sent(raw))
        if self._unsent > HIGH_BYTES and not self._is_full:
            self._is_full = True
            self._protocol.pause_writing()

    def close(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._later(self.other._hears_the_end)
        self._wires.soon(lambda: self._lost(None), self._context)

    def abort(self) -> None:
        if self._is_lost:
            return
        self._is_closing = True
        self._later(self.other.breaks)
        self._wires.soon(lambda: self._lost(None), self._context)

    # ------------------------------------------------------------------ comes about

    def made(self) -> None:
        self._protocol.connection_made(self)

    def abandoned(self) -> None:
        """Be let in by nobody: whoever dialled is told."""
        self._is_closing = self._is_lost = True
        self._later(self.other.breaks)

    def breaks(self) -> None:
        """Be reset, as a connection is whose other side is gone."""
        self._is_closing = True
        self._lost(ConnectionResetError("the wire broke"))

    def _later(self, act: Callable[[], None]) -> None:
        """Have something happen at the other end, after all that was sent before."""
        self._newest_s = self._wires.carry(self, act, self._newest_s)

    def _sent(self, raw: bytes) -> None:
        self._unsent -= len(raw)
        if self._is_full and self._unsent <= LOW_BYTES and not self._is_lost:
            self._is_full = False
            self._wires.soon(self._resume, self._context)
        self.other.came.append(raw)
        self.other._read()

    def _resume(self) -> None:
        if not self._is_lost:
            self._protocol.resume_writing()

    def _read(self) -> None:
        while self.came and not (self._is_paused or self._is_closing):
            self._protocol.data_received(self.came.popleft())

    def _hears_the_end(self) -> None:
        if not self._is_closing and not self._protocol.eof_received():
            self.close()

    def _lost(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        self._wires.ends.remove(self)
        self._protocol.connection_lost(error)

    def context(self) -> Context:
        return self._context


class Listener(asyncio.AbstractServer):
    """A port on which a node listens."""

    sockets: tuple[socket.socket, ...] = ()

    def __init__(self, wires: Wires, at: Address, make: Made) -> None:
        self.make = make
        self.context = copy_context()
        self._wires = wires
        self._at = at

    def close(self) -> None:
        self._wires.listening.pop(self._at, None)

    async def wait_closed(self) -> None: ...

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._wires.loop

    def is_serving(self) -> bool:
        return self._at in self._wires.listening

    async def start_serving(self) -> None: ...

    async def serve_forever(self) -> None:
        raise NotImplementedError("it serves while it is open")


@dataclass
class Wires:
    """Every connection there is, and which of them are broken."""

    loop: asyncio.AbstractEventLoop
    draw: Callable[[tuple[float, float]], float]
    listening: dict[Address, Listener] = field(default_factory=dict)
    ends: list[End] = field(default_factory=list)
    carried: int = 0
    """Bytes and ends of connections that arrived."""
    _parted: set[frozenset[str]] = field(default_factory=set)
    _held: list[tuple[End, Callable[[], None]]] = field(default_factory=list)
    _dialled: dict[int, Address] = field(default_factory=dict)
    _port: int = 40_000

    # ------------------------------------------------------------------ for the loop

    def listen(self, at: Address, make: Made) -> Listener:
        """Let others connect to an address."""
        assert at not in self.listening, f"{at} is taken"
        self.listening[at] = Listener(self, at, make)
        return self.listening[at]

    async def dial(self, sock: socket.socket, at: Address) -> None:
        """Find somebody at an address."""
        await asyncio.sleep(self.draw(WIRE_S))
        while frozenset((HERE.get(), at[0])) in self._parted:
            await asyncio.sleep(1)
        if at not in self.listening:
            raise ConnectionRefusedError(f"nobody listens at {at}")
        self._dialled[sock.fileno()] = at

    def join(self, sock: socket.socket, make: Made) -> tuple[End, asyncio.BaseProtocol]:
        """Connect with whom was found."""
        at = self._dialled.pop(sock.fileno())
        sock.close()  # it only stood for the connection
        listener = self.listening.get(at)
        if listener is None:
            raise ConnectionRefusedError(f"nobody listens at {at} any more")
        self._port += 1
        protocol = make()
        near = End(self, protocol, (HERE.get(), self._port))
        far = listener.context.copy().run(End, self, listener.make(), at)
        near.other, far.other = far, near
        self.ends += [near, far]
        near.made()
        near._later(lambda: self._let_in(far, at, listener))
        return near, protocol

    def _let_in(self, far: End, at: Address, listener: Listener) -> None:
        if self.listening.get(at) is listener:
            far.made()
        else:  # it was in the queue of a port that has closed since
            self.ends.remove(far)
            far.abandoned()

    def carry(self, sender: End, act: Callable[[], None], after_s: float) -> float:
        """Have something happen at the other end of a wire; return when."""
        at_s = max(after_s + INSTANT_S, self.loop.time() + self.draw(WIRE_S))

        def arrive() -> None:
            if self._is_parted(sender):
                self._held.append((sender, act))
            else:
                self.carried += 1
                act()

        self.loop.call_at(at_s, arrive, context=sender.other.context())
        return at_s

    def soon(self, act: Callable[[], None], context: Context) -> None:
        """Do something in the next turn."""
        self.loop.call_soon(act, context=context)

    # ------------------------------------------------------------------ for stories

    def breaks(self, addresses: Collection[str]) -> int:
        """Reset each connection between some addresses; return how many there were."""
        broken = [end for end in self.ends if _pair(end) <= frozenset(addresses)]
        for end in broken:
            self.soon(end.breaks, end.context())
        return len(broken) // 2

    def part(self, one: str, other: str) -> None:
        """Let nothing through between two addresses until `heal`."""
        self._parted.add(frozenset((one, other)))

    def heal(self) -> None:
        """Let everything through again, what waited first."""
        self._parted.clear()
        held, self._held = self._held, []
        for sender, act in held:
            self.soon(act, sender.other.context())

    def _is_parted(self, end: End) -> bool:
        # What waits must not be overtaken by what was sent later.
        waits = any(sender is end for sender, _ in self._held)
        return waits or _pair(end) in self._parted


def _pair(end: End) -> frozenset[str]:
    return frozenset((end.ours[0], end.other.ours[0]))
