"""A server and a client with the keys, names and dice of the specification."""

from __future__ import annotations

from dataclasses import dataclass, field

from fabnet.node.links.auth_header import to_base64
from fabnet.node.links.peer_id_auth import Challenged, ClientAuth, ServerAuth
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey

server_key = SigningKey.from_seed(bytes([1]) * 32)
client_key = SigningKey.from_seed(bytes([2]) * 32)
mallory_key = SigningKey.from_seed(bytes([3]) * 32)
SERVER, CLIENT = server_key.public.peer, client_key.public.peer
HOST = "example.com"
CHALLENGE_CLIENT = "ERERERERERERERERERERERERERERERERERERERERERE="
CHALLENGE_SERVER = "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz"
CLIENT_PUBLIC = to_base64(client_key.public.protobuf)


@dataclass
class Clock:
    """A clock that a test turns, and dice that always fall the same way."""

    now_ms: int = 1_000_000
    face: int = 0x11
    rolled: list[int] = field(default_factory=list)

    def read(self) -> int:
        return self.now_ms

    def token(self, size: int) -> bytes:
        self.rolled.append(size)
        return bytes([self.face]) * size


def server_at(clock: Clock, *hosts: str, hmac_key: bytes = bytes(32)) -> ServerAuth:
    names = frozenset(hosts or (HOST,))
    return ServerAuth(server_key, names, hmac_key, clock.read, clock.token)


def client_of(
    key: SigningKey = client_key, host: str = HOST, expected: PeerId | None = SERVER
) -> ClientAuth:
    return ClientAuth(key, host, Clock(face=0x22).token, expected)


def challenged(verdict: object) -> str:
    assert isinstance(verdict, Challenged), verdict
    return verdict.challenge
