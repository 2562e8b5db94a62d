"""libp2p Peer ID Authentication over HTTP: who is asking, and who is answering.

Theory. Each side signs a challenge that the other chose, the other's public key, and
the hostname that the client asked for. A signature for one server is worthless at
another, and the server answers only for its own names; so nobody can stand between
and pass challenges on. What the server must know of a client it gives to the client,
authenticated by an HMAC. `opaque` holds a challenge under way, `bearer` a finished
login, and the purpose is under the HMAC, so that neither passes for the other. All that
it keeps itself is which challenges were answered, so that each is answered once.
Bearers protect only under TLS, live an hour, and hold for one hostname.

Two handshakes, told apart by who challenges first; a server speaks both:

    client first                              server first
    → challenge-server, public-key            → (no Authorization)
    ← 401 challenge-client, public-key,       ← 401 challenge-client, public-key,
          sig, opaque                               opaque
    → opaque, sig                             → opaque, sig, public-key,
                                                challenge-server
    ← bearer                                  ← sig, bearer

Our client goes first: it knows the server before it says who it is.

Source: libp2p/specs http/peer-id-auth.md r1. Its printed server-first example signs
too little; the text and all code also sign server-public-key, and so do we. `hostname`
is the Host header, port included, as in go-libp2p and js-libp2p.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from fabnet.errors import RemoteError, SignatureError, TransitionError
from fabnet.node.links.auth_header import (
    HEADER_BYTES_MAX,
    challenge_in,
    from_base64,
    is_ours,
    param,
    read_params,
    signed_bytes,
    to_base64,
    write_params,
)
from fabnet.records import canonical, keys
from fabnet.records.ids import Moment, PeerId, PeerIdText
from fabnet.records.keys import PublicKey, SigningKey

T = TypeVar("T")

BEARER_MS_MAX: Final = 3_600_000
"""Milliseconds that a login lasts: an hour."""
CHALLENGE_MS_MAX: Final = 300_000
"""Milliseconds to answer a challenge: five minutes, as go-libp2p."""
ANSWERED_MAX: Final = 8_192
"""Answered challenges that are remembered, in 1 MiB: 27 logins a second for all of
those five minutes. With more, a challenge counts for less long."""
_CHALLENGE_BYTES: Final = 32
_MAC_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Admitted:
    """The server knows who asks."""

    peer: PeerId
    info: str | None
    """For the reply's Authentication-Info; nil when a bearer was shown."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """The server asks for a login: 401."""

    challenge: str
    """For the reply's WWW-Authenticate."""
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server cannot talk about it: the request is not for us, or makes no sense."""

    reason: str


Verdict = Admitted | Challenged | Refused


class _Pending(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True
):
    """A challenge under way, as `opaque` carries it."""

    host: str
    made_ms: Moment
    challenge: str
    client: Annotated[bytes, msgspec.Meta(max_length=32)]
    """The client's raw key, or empty where the server went first."""


class _Login(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A finished login, as `bearer` carries it."""

    host: str
    made_ms: Moment
    peer: PeerIdText


class _Answered:
    """Which challenges were answered, for as long as an answer to them would count."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made_ms: dict[bytes, int] = {}
        self._forgotten_ms = -1

    def __len__(self) -> int:
        return len(self._made_ms)

    def has(self, seal: bytes) -> bool:
        """Whether the challenge with this HMAC was answered."""
        return seal in self._made_ms

    def is_forgotten(self, made_ms: int) -> bool:
        """Whether a challenge as old as this may have been answered, or not."""
        return made_ms <= self._forgotten_ms

    def add(self, seal: bytes, made_ms: int, now_ms: int) -> None:
        """Remember an answer; forget what is too old to count, or too much."""
        self._made_ms[seal] = made_ms
        while self._made_ms:
            oldest = next(iter(self._made_ms))
            is_over = now_ms - self._made_ms[oldest] >= CHALLENGE_MS_MAX
            if not is_over and len(self._made_ms) <= self._most:
                return
            self._forgotten_ms = max(self._forgotten_ms, self._made_ms.pop(oldest))


class ServerAuth:
    """The server's end. One serves every client, and knows each by what it brings."""

    def __init__(
        self,
        key: SigningKey,
        hosts: frozenset[str],
        hmac_key: bytes,
        now_ms: Callable[[], int],
        token: Callable[[int], bytes],
        *,
        answered_max: int = ANSWERED_MAX,
    ) -> None:
        """Answer for `hosts`: Host headers in lower case, with any unusual port.

        `now_ms` is any clock that never runs back while `hmac_key` lives; `token`
        returns that many unguessable bytes.
        """
        assert len(hmac_key) >= 32
        self._key = key
        self._public = key.public
        self._hosts = hosts
        self._hmac_key = hmac_key
        self._now_ms = now_ms
        self._token = token
        self._answered = _Answered(answered_max)

    def judge(self, host: str, authorization: str | None) -> Verdict:
        """Return who sent a request with these two headers, or what to answer."""
        if host.lower() not in self._hosts:
            return Refused("unknown-host")
        if authorization is None or not is_ours(authorization):
            return self._challenge(host, "login-needed")
        try:
            return self._judge(host, read_params(authorization))
        except SignatureError:
            return self._challenge(host, "bad-signature")
        except RemoteError:
            return Refused("bad-header")

    def _judge(self, host: str, params: Mapping[str, str]) -> Verdict:
        match sorted(params):
            case ["bearer"]:
                return self._judge_bearer(host, params["bearer"])
            case ["challenge-server", "public-key"]:
                return self._prove(host, params)
            case ["opaque", "sig"]:
                return self._judge_answer(host, params, is_client_first=True)
            case ["challenge-server", "opaque", "public-key", "sig"]:
                return self._judge_answer(host, params, is_client_first=False)
            case _:
                return Refused("bad-header")

    def _judge_bearer(self, host: str, bearer: str) -> Verdict:
        login = self._opened("bearer", bearer, _Login)
        if login.host != host.lower():
            return self._challenge(host, "bearer-of-another-host")
        if self._is_old(login.made_ms, BEARER_MS_MAX):
            return self._challenge(host, "bearer-expired")
        return Admitted(login.peer, None)

    def _prove(self, host: str, params: Mapping[str, str]) -> Verdict:
        """Answer a client that goes first: prove who we are, and challenge it."""
        client = keys.from_protobuf(from_base64(params, "public-key"))
        proof = self._proof(host, client, challenge_in(params, "challenge-server"))
        return self._challenge(host, "answer-needed", client.raw, proof)

    def _judge_answer(
        self, host: str, params: Mapping[str, str], *, is_client_first: bool
    ) -> Verdict:
        pending = self._opened("opaque", params["opaque"], _Pending)
        if bool(pending.client) != is_client_first:
            return Refused("bad-header")
        if pending.host != host:
            return self._challenge(host, "challenge-of-another-host")
        seal = from_base64(params, "opaque")[:_MAC_BYTES]
        is_late = self._is_old(pending.made_ms, CHALLENGE_MS_MAX)
        if is_late or self._answered.is_forgotten(pending.made_ms):
            return self._challenge(host, "challenge-expired")
        if self._answered.has(seal):
            return self._challenge(host, "challenge-answered")
        client = (
            PublicKey(pending.client)
            if is_client_first
            else keys.from_protobuf(from_base64(params, "public-key"))
        )
        client.verify(
            _client_signs(host, self._public, pending.challenge),
            from_base64(params, "sig"),
        )
        # Of a wrong answer nothing is kept: only whoever has a key costs memory.
        self._answered.add(seal, pending.made_ms, self._now_ms())
        proof = None
        if not is_client_first:
            # js-libp2p sends our own challenge back as its own. The two signatures
            # name their parameters, so neither can serve as the other.
            challenge = challenge_in(params, "challenge-server")
            proof = self._proof(host, client, challenge)
        login = _Login(host.lower(), self._now_ms(), client.peer)
        info = {"sig": proof, "bearer": self._sealed("bearer", login)}
        return Admitted(client.peer, write_params(info))

    def _challenge(
        self, host: str, reason: str, client: bytes = b"", proof: str | None = None
    ) -> Challenged:
        challenge = to_base64(self._token(_CHALLENGE_BYTES))
        pending = _Pending(host, self._now_ms(), challenge, client)
        params = {
            "challenge-client": challenge,
            "public-key": to_base64(self._public.protobuf),
            "sig": proof,
            "opaque": self._sealed("opaque", pending),
        }
        return Challenged(write_params(params), reason)

    def _proof(self, host: str, client: PublicKey, challenge: str) -> str:
        return to_base64(self._key.sign(_server_signs(host, client, challenge)))

    def _is_old(self, made_ms: int, ms_max: int) -> bool:
        return not 0 <= self._now_ms() - made_ms < ms_max

    def _sealed(self, purpose: str, state: _Pending | _Login) -> str:
        packed = canonical.encode(state)
        return to_base64(self._mac(purpose, packed) + packed)

    def _opened(self, purpose: str, text: str, of: type[T]) -> T:
        sealed = from_base64({purpose: text}, purpose)
        mac, packed = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, packed)):
            raise SignatureError(f"{purpose}: not ours, or from before we restarted")
        return canonical.decode(packed, of, bytes_max=HEADER_BYTES_MAX)

    def _mac(self, purpose: str, packed: bytes) -> bytes:
        message = purpose.encode() + b"\0" + packed
        return hmac.digest(self._hmac_key, message, hashlib.sha256)


class ClientAuth:
    """The client's end of one login: `hello`, then `answer`, then `finish`."""

    def __init__(
        self,
        key: SigningKey,
        host: str,
        token: Callable[[int], bytes],
        expected: PeerId | None,
    ) -> None:
        """Log in at `host`, the Host header we send, as `key`'s peer.

        `expected` is who must answer, if we know; `token` returns that many
        unguessable bytes.
        """
        self._key = key
        self._public = key.public
        self._host = host
        self._expected = expected
        self._challenge = to_base64(token(_CHALLENGE_BYTES))
        self._peer: PeerId | None = None

    @property
    def peer(self) -> PeerId:
        """The server, once `answer` has verified it."""
        if self._peer is None:
            raise TransitionError("login: the server has not proved who it is")
        return self._peer

    def hello(self) -> str:
        """Return the Authorization header of the first request."""
        public = to_base64(self._public.protobuf)
        return write_params({"challenge-server": self._challenge, "public-key": public})

    def answer(self, www_authenticate: str) -> str:
        """Return the Authorization header of the second request.

        Raise RemoteError, and sign nothing, unless the server has proved to be itself
        and the one we expected.
        """
        params = read_params(www_authenticate)
        server = keys.from_protobuf(from_base64(params, "public-key"))
        if self._expected not in (None, server.peer):
            raise SignatureError(
                f"login: expected {self._expected} at {self._host}, found {server.peer}"
            )
        server.verify(
            _server_signs(self._host, self._public, self._challenge),
            from_base64(params, "sig"),
        )
        challenge = challenge_in(params, "challenge-client")
        opaque = param(params, "opaque")
        signature = self._key.sign(_client_signs(self._host, server, challenge))
        self._peer = server.peer
        return write_params({"opaque": opaque, "sig": to_base64(signature)})

    def finish(self, authentication_info: str) -> str:
        """Return the Authorization header of every later request at this host."""
        if self._peer is None:
            raise TransitionError("login: finish comes after answer")
        bearer = param(read_params(authentication_info), "bearer")
        return write_params({"bearer": bearer})


def _client_signs(host: str, server: PublicKey, challenge: str) -> bytes:
    return signed_bytes(
        {
            "challenge-client": challenge,
            "hostname": host,
            "server-public-key": server.protobuf,
        }
    )


def _server_signs(host: str, client: PublicKey, challenge: str) -> bytes:
    return signed_bytes(
        {
            "challenge-server": challenge,
            "client-public-key": client.protobuf,
            "hostname": host,
        }
    )
