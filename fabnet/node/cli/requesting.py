"""`fabnet request | accept | count`: ask for pieces, take them, say what was made."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from typing import Final

from fabnet.errors import InputError
from fabnet.node.api.answers import Created, Filed, Handover
from fabnet.node.api.asks import (
    BenchCount,
    NewAcceptance,
    NewItem,
    NewPerson,
    NewRequest,
    NewUnits,
)
from fabnet.node.cli.command import Command, add_token, call, show
from fabnet.node.clock import SystemClock
from fabnet.production.request import NEED_CODES
from fabnet.records.ids import CidText

_LATER: Final = re.compile(r"\+([1-9][0-9]{0,3})([hd])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def _configure_request(parser: ArgumentParser) -> None:
    parser.add_argument(
        "design", nargs="?", metavar="DESIGN", help="the CID of the design"
    )
    parser.add_argument("--revision", metavar="CID", help="the same")
    parser.add_argument(
        "--units", type=int, help="how many of the whole: every part that is made"
    )
    parser.add_argument("--part", help="only this part of it")
    parser.add_argument("--pieces", type=int, help="how many of that part")
    parser.add_argument(
        "--due",
        required=True,
        help="wanted by: 2026-11-27T12:00+01:00, or +12h or +3d from now",
    )
    parser.add_argument(
        "--need", required=True, metavar="CODE", help=f"one of {', '.join(NEED_CODES)}"
    )
    parser.add_argument(
        "--for",
        dest="person",
        required=True,
        metavar="NAME",
        help="whom it is for; told, sealed, to the maker alone",
    )
    parser.add_argument("--contact", default="", help="how to hand it over")
    parser.add_argument(
        "--radius-km", type=int, help="make it no farther away; left out, anywhere"
    )
    add_token(parser)


def _request(args: Namespace) -> int:
    items, units = _wanted(args)
    body = NewRequest(
        items=items,
        units=units,
        due=_moment("--due", args.due),
        need=args.need,
        person=NewPerson(args.person, args.contact),
        radius_km=args.radius_km,
    )
    filed = call(args, lambda node: node.post("/v1/requests", body, Filed))
    return show(args, filed, f"{filed.job}\nshort code {filed.short_code}")


def _wanted(args: Namespace) -> tuple[tuple[NewItem, ...], tuple[NewUnits, ...]]:
    """Return what is asked for: pieces of a part, or units of the whole."""
    named = {args.design, args.revision} - {None}
    if len(named) != 1:
        raise InputError("DESIGN", "expected the CID of one design")
    cid = CidText(named.pop())
    if args.part is None and args.pieces is None and args.units is not None:
        return (), (NewUnits(cid, args.units),)
    if args.part is None or args.pieces is None or args.units is not None:
        raise InputError("--units", "expected --units, or --part and --pieces")
    return (NewItem(cid, args.part, args.pieces),), ()


def _moment(field: str, text: str) -> datetime:
    later = _LATER.fullmatch(text)
    if later is not None:
        now = datetime.fromtimestamp(SystemClock().now().moment_ms // 1_000, UTC)
        return now + int(later[1]) * _UNITS[later[2]]
    expected = "expected a time with its offset, such as 2026-11-27T12:00+01:00, or +3d"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(field, expected) from error
    if moment.tzinfo is None:
        raise InputError(field, expected)
    return moment


def _configure_lot(parser: ArgumentParser) -> None:
    parser.add_argument("job", help="id or short code")
    parser.add_argument("epoch", type=int, help="of the lot: 1, 2, 3…")


def _configure_accept(parser: ArgumentParser) -> None:
    _configure_lot(parser)
    add_token(parser)


def _accept(args: Namespace) -> int:
    path = f"/v1/lots/{args.job}/{args.epoch}/acceptance"
    written = call(args, lambda node: node.post(path, NewAcceptance(), Created))
    return show(args, written, f"accepted: {written.id}")


def _configure_count(parser: ArgumentParser) -> None:
    _configure_lot(parser)
    parser.add_argument("found", choices=("good", "scrap"), help="what lies there")
    parser.add_argument("--person", required=True, help="who looked")
    add_token(parser)


def _count(args: Namespace) -> int:
    path = f"/v1/lots/{args.job}/{args.epoch}/count"
    body = BenchCount(args.found == "good", args.person)
    written = call(args, lambda node: node.post(path, body, Created))
    return show(args, written, f"counted: {written.id}")


def _configure_handover(parser: ArgumentParser) -> None:
    _configure_lot(parser)
    add_token(parser)


def _handover(args: Namespace) -> int:
    path = f"/v1/lots/{args.job}/{args.epoch}/handover"
    found = call(args, lambda node: node.get(path, Handover))
    return show(args, found, f"{found.name}\n{found.contact}".rstrip())


COMMANDS = (
    Command(
        "request",
        "ask for pieces of a design, for someone",
        _configure_request,
        _request,
        "File a request as a steward, for anyone; they need no account. Either units\n"
        "of a whole design, or pieces of one part of it.",
    ),
    Command(
        "accept",
        "take the pieces of a finished lot and grant its minutes",
        _configure_accept,
        _accept,
    ),
    Command(
        "count",
        "say what lies on the bench, for a piece in doubt",
        _configure_count,
        _count,
        "After a crash nobody but a person knows whether the piece under way is\n"
        "good. The machine stands still until somebody has looked.",
    ),
    Command(
        "handover",
        "tell for whom the pieces of a lot made here are",
        _configure_handover,
        _handover,
        "Only the facility can open this, and only for its operators.",
    ),
)
