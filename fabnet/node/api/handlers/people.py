"""People: the first operator's one-time token, and the tokens that operators give.

Only the hash of a token is kept. The first token of all is printed at the first start
and can be exchanged once, for an operator's; until then nobody may write anything.
"""

from __future__ import annotations

import base64
import hmac
from http import HTTPStatus
from typing import Final

from fabnet.node.api.answers import NewBearer
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.api.gate import fingerprint
from fabnet.node.api.problem import Problem, problem
from fabnet.node.api.table import Call, Role
from fabnet.node.clock import Clock
from fabnet.node.store.reading import Token
from fabnet.node.store.store import Store

TOKENS_MAX: Final = 1_000
"""Tokens of one node: all are compared at each write."""
TOKEN_BYTES: Final = 32
ONE_TIME: Final = "one-time token"
"""Its name in the table, which no caller's name can be, since that holds no blank."""
ONE_TIME_ROLE: Final = "first-operator"
"""A role that no route takes."""
PREFIX: Final = "fab_"
"""So that no token begins with a dash, which a command would take for an option, and
whoever finds one in a log knows what it opens."""


async def first_token(store: Store, clock: Clock) -> str | None:
    """Return a new one-time token to print, or nil when there is an operator already.

    For the start. A token that was printed before and not used is void.
    """
    if any(token.role == "operator" for token in await store.tokens()):
        return None
    return await _issue(store, clock, ONE_TIME, ONE_TIME_ROLE)


async def become_operator(call: Call, new: FirstOperator) -> NewBearer | Problem:
    """Exchange the one-time token for an operator's."""
    store = call.shell.store
    shown = fingerprint(new.one_time_token)
    async with call.turn:
        for token in await store.tokens():
            is_shown = hmac.compare_digest(token.sha256, shown)
            if is_shown and token.name == ONE_TIME:
                # Void before it is exchanged: a crash between gives no second one.
                await store.drop_token(ONE_TIME)
                bearer = await _issue(store, call.shell.clock, new.name, "operator")
                return NewBearer(new.name, "operator", bearer)
    return problem(HTTPStatus.FORBIDDEN, "wrong-one-time-token", "one_time_token")


async def give_token(call: Call, new: NewToken) -> NewBearer | Problem:
    """Give someone a token of their own."""
    store = call.shell.store
    async with call.turn:
        held = await store.tokens()
        if any(token.name == new.name for token in held):
            return problem(HTTPStatus.CONFLICT, "name-taken", "name", name=new.name)
        if len(held) >= TOKENS_MAX:
            return problem(HTTPStatus.CONFLICT, "too-many-tokens", most=TOKENS_MAX)
        role: Role = new.role
        bearer = await _issue(store, call.shell.clock, new.name, role)
    return NewBearer(new.name, role, bearer)


async def _issue(store: Store, clock: Clock, name: str, role: str) -> str:
    """Keep the hash of a new token and return the token, durable when this returns."""
    drawn = base64.urlsafe_b64encode(clock.token(TOKEN_BYTES)).decode().rstrip("=")
    secret = PREFIX + drawn
    created_ms = clock.now().moment_ms
    await store.put_token(Token(name, role, fingerprint(secret), created_ms))
    return secret
