"""A challenge is answered once: who repeats what was overheard is asked anew."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fabnet.node.links.auth_header import read_params, write_params
from fabnet.node.links.peer_id_auth import (
    ANSWERED_MAX,
    CHALLENGE_MS_MAX,
    Admitted,
    ServerAuth,
)
from fabnet.records.keys import SigningKey
from tests.node.auth_pair import (
    CHALLENGE_SERVER,
    CLIENT,
    CLIENT_PUBLIC,
    HOST,
    Clock,
    challenged,
    client_key,
    client_of,
    mallory_key,
    server_key,
)
from tests.node.test_peer_id_auth import client_sig, reason_of, server_first


class Dice(Clock):
    """Dice that fall another way each time, and a clock that goes on meanwhile."""

    def token(self, size: int) -> bytes:
        self.now_ms += 1
        self.face = (self.face + 1) % 256
        return super().token(size)


def server(clock: Clock, most: int = ANSWERED_MAX) -> ServerAuth:
    return ServerAuth(
        server_key, frozenset({HOST}), bytes(32), clock.read, clock.token,
        answered_max=most,
    )  # fmt: skip


def to_client_first(auth: ServerAuth, key: SigningKey = client_key) -> str:
    """Return an answer of the handshake in which the client went first."""
    client = client_of(key)
    return client.answer(challenged(auth.judge(HOST, client.hello())))


def to_server_first(auth: ServerAuth) -> str:
    """Return an answer of the handshake in which the server went first."""
    params = read_params(challenged(auth.judge(HOST, None)))
    return write_params(
        {
            "public-key": CLIENT_PUBLIC,
            "challenge-server": CHALLENGE_SERVER,
            "sig": client_sig(client_key, challenge=params["challenge-client"]),
            "opaque": params["opaque"],
        }
    )


@pytest.mark.parametrize("answer_to", [to_client_first, to_server_first])
def test_an_answer_lets_in_once_and_the_next_time_there_is_another_challenge(
    answer_to: Callable[[ServerAuth], str],
) -> None:
    auth = server(Dice())
    answer = answer_to(auth)
    assert isinstance(auth.judge(HOST, answer), Admitted)

    for _ in range(3):
        assert reason_of(auth.judge(HOST, answer)) == "challenge-answered"
    unpadded = re.sub(r'=+"(,|$)', r'"\1', answer)
    assert reason_of(auth.judge(HOST, unpadded)) == "challenge-answered"
    assert isinstance(auth.judge(HOST, answer_to(auth)), Admitted)


def test_one_challenge_lets_in_one_key() -> None:
    auth = server(Clock())
    ours = server_first(auth)
    theirs = read_params(ours) | {
        "public-key": to_public(mallory_key),
        "sig": client_sig(mallory_key),
    }
    assert isinstance(auth.judge(HOST, ours), Admitted)
    assert reason_of(auth.judge(HOST, write_params(theirs))) == "challenge-answered"


def to_public(key: SigningKey) -> str:
    return read_params(client_of(key).hello())["public-key"]


def test_a_wrong_answer_takes_nothing_from_the_right_one_and_costs_no_memory() -> None:
    auth = server(Dice())
    right = to_client_first(auth)
    wrong = write_params(read_params(right) | {"sig": client_sig(mallory_key)})

    for _ in range(10):
        assert reason_of(auth.judge(HOST, wrong)) == "bad-signature"
    assert len(auth._answered) == 0
    assert isinstance(auth.judge(HOST, right), Admitted)


def test_what_is_remembered_is_bounded_and_what_is_forgotten_does_not_count() -> None:
    """With more logins than are remembered, an answer counts for less long."""
    clock = Dice()
    auth = server(clock, most=3)
    slow = to_client_first(auth)
    answers = [to_client_first(auth) for _ in range(5)]
    for answer in answers:
        assert isinstance(auth.judge(HOST, answer), Admitted)

    assert len(auth._answered) == 3
    said = [reason_of(auth.judge(HOST, answer)) for answer in answers]
    assert said == ["challenge-expired"] * 2 + ["challenge-answered"] * 3
    assert reason_of(auth.judge(HOST, slow)) == "challenge-expired"
    verdict = auth.judge(HOST, to_client_first(auth))
    assert isinstance(verdict, Admitted)
    assert verdict.peer == CLIENT


def test_an_answer_is_remembered_for_as_long_as_it_would_count() -> None:
    clock = Dice()
    auth = server(clock)
    first = to_client_first(auth)
    made_ms = clock.now_ms
    assert isinstance(auth.judge(HOST, first), Admitted)
    clock.now_ms = made_ms + CHALLENGE_MS_MAX - 1
    assert reason_of(auth.judge(HOST, first)) == "challenge-answered"

    clock.now_ms = made_ms + CHALLENGE_MS_MAX
    assert reason_of(auth.judge(HOST, first)) == "challenge-expired"
    auth.judge(HOST, to_client_first(auth))
    assert len(auth._answered) == 1, "the first is forgotten"
