"""`fabnet invite` and `fabnet join`: a line that leads one node to another."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from fabnet.cooperation.charter import lineage_of
from fabnet.errors import InputError, RemoteError
from fabnet.node import founding
from fabnet.node.cli.command import Command, add_json, show
from fabnet.node.clock import SystemClock
from fabnet.node.config import Config, load, parse
from fabnet.node.joining.calling import call_on
from fabnet.node.joining.invitation import (
    ADDRESSES_MAX,
    FEDERATIONS_MAX,
    Invitation,
    read_line,
    write_line,
)
from fabnet.node.joining.writing import with_added
from fabnet.node.keyring import Keyring
from fabnet.node.labels.qr import fits_qr
from fabnet.node.labels.show import as_svg, as_text
from fabnet.protocol import address as addresses
from fabnet.records.ids import CharterId, PeerId


class Invited(msgspec.Struct, frozen=True):
    """What an invitation says, and its line."""

    line: str
    network: str
    peer: PeerId
    dial: list[str]
    federations: list[CharterId]


def _configure_invite(parser: ArgumentParser) -> None:
    parser.add_argument("config", type=Path, help="of the node that is invited to")
    parser.add_argument("--svg", type=Path, help="also write its QR code there")
    parser.add_argument(
        "--plain", action="store_true", help="print the line alone, without a QR code"
    )
    add_json(parser)


def _invite(args: Namespace) -> int:
    invitation = _invitation(load(args.config))
    line = write_line(invitation)
    if args.svg is not None:
        if not fits_qr(line):
            raise InputError("--svg", "it is too long for a QR code; name one address")
        founding.write(args.svg, as_svg(line).encode())
    said = Invited(
        line, invitation.network, invitation.peer, list(invitation.dials),
        list(invitation.federations),
    )  # fmt: skip
    is_drawn = fits_qr(line) and not args.plain
    return show(args, said, f"{as_text(line)}\n{line}" if is_drawn else line)


def _invitation(config: Config) -> Invitation:
    """Return the way to a node; to one without an address, through whom it dials."""
    federations = tuple(map(CharterId, config.trust.federations))[:FEDERATIONS_MAX]
    network = config.node.network
    listed = tuple(map(addresses.parse, config.listen.addresses))[:ADDRESSES_MAX]
    if listed:
        peer = Keyring.open(config.node.data_dir, SystemClock().token).node.public.peer
        return Invitation(network, peer, listed, federations)
    for text in config.peers.dial:
        address = addresses.parse(text)
        if address.peer is not None:
            plain = addresses.parse(text.removesuffix(f"/p2p/{address.peer}"))
            return Invitation(network, address.peer, (plain,), federations)
    raise InputError(
        "listen.addresses",
        "is empty, and so is peers.dial: nobody could come by such an invitation",
    )


def _configure_join(parser: ArgumentParser) -> None:
    parser.add_argument("line", metavar="LINE", help="what `fabnet invite` printed")
    parser.add_argument(
        "--config", type=Path, required=True, help="of the node that joins"
    )
    parser.add_argument(
        "--unheard", action="store_true", help="write it even if nobody answers now"
    )
    add_json(parser)


class Joined(msgspec.Struct, frozen=True):
    """What came of an invitation that was taken."""

    changed: bool
    dial: list[str]
    federations: list[CharterId]
    member: bool
    """Whether the configuration holds a membership of each federation named."""


def _join(args: Namespace) -> int:
    try:
        invitation = read_line(args.line)
    except RemoteError as error:
        raise InputError("LINE", str(error)) from error
    config = load(args.config)
    _check(config, invitation)
    if not args.unheard:
        _call(config, invitation)
    text = args.config.read_text(encoding="utf-8")
    changed = with_added(text, "peers", "dial", invitation.dials)
    changed = with_added(changed, "trust", "federations", invitation.federations)
    parse(changed.encode(), args.config.resolve().parent)
    if changed != text:
        founding.write(args.config, changed.encode())
    said = Joined(
        changed != text, list(invitation.dials), list(invitation.federations),
        bool(config.documents.memberships),
    )  # fmt: skip
    return show(args, said, "\n".join(_told(config, said, args.config)))


def _check(config: Config, invitation: Invitation) -> None:
    if invitation.network != config.node.network:
        raise InputError(
            "node.network",
            f"is {config.node.network!r}, and the invitation is to"
            f" {invitation.network!r}",
        )
    keyring = Keyring.open(config.node.data_dir, SystemClock().token)
    if invitation.peer == keyring.node.public.peer:
        raise InputError("LINE", "it leads to this very node")


def _call(config: Config, invitation: Invitation) -> None:
    clock = SystemClock()
    key = Keyring.open(config.node.data_dir, clock.token).node
    private = config.peers.allow_private
    answers = asyncio.run(call_on(invitation, key, clock, allow_private=private))
    if answers[-1].why:
        tried = "; ".join(f"{each.address}: {each.why}" for each in answers)
        raise InputError(
            "LINE", f"nobody answers as it says, so nothing was written: {tried}"
        )


def _told(config: Config, said: Joined, path: Path) -> list[str]:
    lines = [f"dial         {each}" for each in said.dial]
    lines += [f"trust        {each}" for each in said.federations]
    if not said.changed:
        lines.append("It was all there already.")
    lines.append(f"next         fabnet run {path}")
    charter = lineage_of(config.documents.charter.read_bytes())
    if not said.member:
        lines.append(
            f"You hear the others now, and are a stranger to them. Ask the federation's"
            f" stewards to sign a membership of\n             {charter}\n"
            f"and name its file in documents.memberships."
        )
    return lines


COMMANDS = (
    Command(
        "invite",
        "print a line, and a QR code, that leads another node here",
        _configure_invite,
        _invite,
        "Print where this node is, which key must answer there, and which federations\n"
        "it goes by, as one line with a checksum and as a QR code. It opens nothing:\n"
        "who is let in is decided by the federation's stewards.",
    ),
    Command(
        "join",
        "take an invitation into a node's configuration",
        _configure_join,
        _join,
        "Look whether the node of an invitation answers and is who it should be, then\n"
        "add it to peers.dial and its federations to trust.federations. All else in\n"
        "the file stays as it was written. Say what is missing to be a member.",
    ),
)
