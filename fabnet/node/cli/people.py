"""`fabnet operator | token`: who may write to a node."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from fabnet.errors import InputError
from fabnet.node.api.answers import NewBearer
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.api.table import ROLES
from fabnet.node.cli.command import Command, add_api, add_token, call, show


def _configure_operator(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="a short name of yours: a-z 0-9")
    parser.add_argument(
        "--one-time-token",
        required=True,
        metavar="TOKEN",
        help="what the file `one-time-token` in the node's data folder holds",
    )
    add_api(parser)


def _operator(args: Namespace) -> int:
    body = FirstOperator(args.one_time_token.strip(), args.name)
    given = call(args, lambda node: node.post("/v1/operators", body, NewBearer))
    return show(args, given, given.token)


def _configure_token(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="whose it is: a-z 0-9")
    parser.add_argument("--role", required=True, choices=ROLES, help="what it allows")
    add_token(parser)


def _token(args: Namespace) -> int:
    roles = [role for role in ROLES if role == args.role]
    if not roles:
        raise InputError("--role", f"expected one of {', '.join(ROLES)}")
    body = NewToken(args.name, roles[0])
    given = call(args, lambda node: node.post("/v1/tokens", body, NewBearer))
    return show(args, given, given.token)


COMMANDS = (
    Command(
        "operator",
        "become a node's first operator, with its one-time token",
        _configure_operator,
        _operator,
        "Exchange the one-time token of a node's first start for an operator's\n"
        "bearer token, which is printed once.",
    ),
    Command(
        "token",
        "give someone a bearer token",
        _configure_token,
        _token,
        "Give an operator, a steward or a designer a bearer token of their own,\n"
        "which is printed once. Needs an operator's token.",
    ),
)
