"""`fabnet peers | block | unblock`: the other nodes, and whom we do not talk to."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from fabnet.errors import InputError
from fabnet.node.api.answers import Done
from fabnet.node.api.peers.answers import NewBlock, NoBlock, PeerAnswer, Peers
from fabnet.node.cli.command import Command, add_api, add_token, call, columns, show
from fabnet.node.web.sentences import moment


def _peers(args: Namespace) -> int:
    found = call(args, lambda node: node.get("/v1/peers", Peers))
    rows: list[tuple[str, ...]] = [("PEER", "COOPERATIVE", "LINK", "FAULTS", "STANDS")]
    for peer in found.peers:
        cooperative = peer.cooperative or "—"
        link = peer.link or "none"
        rows.append((peer.peer, cooperative, link, str(peer.faults), _standing(peer)))
    return show(args, found, columns(rows, empty="no peers are known"))


def _standing(peer: PeerAnswer) -> str:
    if peer.blocked is not None:
        until = peer.blocked.until_ms
        ends = "for ever" if until is None else f"until {moment(until)}"
        return f"blocked {ends}: {peer.blocked.why}".rstrip(": ")
    if peer.shut_out:
        return f"shut out: {peer.last_fault}"
    return "known" if peer.known else "a stranger"


def _configure_block(parser: ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER", help="its id: 12D3Koo…")
    parser.add_argument("--why", default="", help="for whoever looks later")
    parser.add_argument(
        "--until", metavar="WHEN", help="such as 2027-01-31T12:00Z; left out, for ever"
    )
    add_token(parser)


def _block(args: Namespace) -> int:
    body = NewBlock(args.peer, args.why, _until(args.until))
    done = call(args, lambda node: node.post("/v1/peers/block", body, Done))
    return show(args, done, f"{args.peer} is blocked")


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("--until", "expected such as 2027-01-31T12:00Z") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _configure_unblock(parser: ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER", help="its id: 12D3Koo…")
    add_token(parser)


def _unblock(args: Namespace) -> int:
    body = NoBlock(args.peer)
    done = call(args, lambda node: node.post("/v1/peers/unblock", body, Done))
    return show(args, done, f"{args.peer} may come in again")


COMMANDS = (
    Command(
        "peers",
        "show the nodes that this one is linked to, and how they stand",
        add_api,
        _peers,
        "Show every node that is linked, did something wrong, or is blocked.",
    ),
    Command(
        "block",
        "hold no link with a node, and give it no file",
        _configure_block,
        _block,
        "Hold no link with a node, and give it no file, across restarts too.\n"
        "Records that it wrote and others bring are kept as before: whose records\n"
        "are kept is decided by who vouches for their author.\n"
        "Needs an operator's token.",
    ),
    Command(
        "unblock",
        "let a blocked node in again",
        _configure_unblock,
        _unblock,
        "Let a blocked node in again. Needs an operator's token.",
    ),
)
