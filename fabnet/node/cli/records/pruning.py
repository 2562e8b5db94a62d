"""`fabnet prune`: delete the body of a record, and keep its header."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from urllib.parse import quote

from fabnet.node.api.answers import Created
from fabnet.node.api.records.pruning import NewPrune
from fabnet.node.cli.command import Command, add_token, call, show


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("record", metavar="RECORD", help="its id, or how it begins")
    parser.add_argument(
        "--why",
        choices=("personal", "obsolete"),
        required=True,
        help="it is about a person, or nobody needs it any more",
    )
    add_token(parser)


def _prune(args: Namespace) -> int:
    path = f"/v1/records/{quote(args.record, safe='')}/prune"
    body = NewPrune(args.why)
    created = call(args, lambda node: node.post(path, body, Created))
    return show(args, created, f"pruned here: {created.id}")


COMMAND = Command(
    "prune",
    "delete the body of a record from this node for good",
    _configure,
    _prune,
    "Delete the body of a record from this node's disk for good; the header stays,\n"
    "so that its author's log still verifies. Of a request that is over, the name and\n"
    "contact filed with it go too; nobody can then be told of a recall.\n"
    "Who belongs, what may be made on which terms, and the accounts of lots stay.\n"
    "Others keep their copies, and backups theirs. Needs an operator's token.",
)
