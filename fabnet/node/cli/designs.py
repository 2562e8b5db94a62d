"""`fabnet designs | bom | lineage | diff`: find a design, and look into it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from urllib.parse import quote, urlencode

from fabnet.node.api.answers import DesignAnswer
from fabnet.node.api.commons.answers import (
    BillAnswer,
    BoughtAnswer,
    DiffAnswer,
    FoundDesigns,
    LineageAnswer,
    MemberAnswer,
)
from fabnet.node.cli.command import Command, add_api, call, columns, show
from fabnet.node.web.sentences import short, span

_SOUGHT = ("text", "process", "material", "licence", "lineage", "after")


def _configure_designs(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--text", metavar="WORDS", help="words of title, parts or function, all of them"
    )
    parser.add_argument("--process", help="such as 3d-printing or laser-cutting")
    parser.add_argument("--material", help="such as pla or plywood")
    parser.add_argument("--licence", metavar="ID", help="an SPDX licence id")
    parser.add_argument("--lineage", metavar="CID", help="the first revision of one")
    parser.add_argument(
        "--newest", action="store_true", help="leave out what is superseded"
    )
    parser.add_argument("--after", metavar="MARK", help="go on after an answer")
    parser.add_argument("--limit", type=int, help="how many at a time")
    add_api(parser)


def _designs(args: Namespace) -> int:
    asked = {name: getattr(args, name) for name in (*_SOUGHT, "limit")}
    query = {name: value for name, value in asked.items() if value is not None}
    if args.newest:
        query["newest"] = "yes"
    path = f"/v1/designs?{urlencode(query)}" if query else "/v1/designs"
    found = call(args, lambda node: node.get(path, FoundDesigns))
    rows: list[tuple[str, ...]] = [("REVISION", "TITLE", "GRANTED", "PARTS")]
    rows += [_row(design) for design in found.designs]
    text = columns(rows, empty="no such design is known")
    text = "\n".join([text, *_disputed(found.designs)])
    if found.more:
        text += f"\n{found.count} in all; go on with --after {found.more}"
    return show(args, found, text)


def _row(design: DesignAnswer) -> tuple[str, ...]:
    return (
        design.cid,
        f"{design.title} {design.version}".strip(),
        design.granted or ("nothing" if design.is_fetched else "not fetched yet"),
        ", ".join(part.name for part in design.parts),
    )


def _disputed(designs: list[DesignAnswer]) -> list[str]:
    return [
        f"{short(design.cid)}: a grant of {it.licence} is disputed by {it.by}: {it.why}"
        for design in designs
        for it in design.disputes
    ]


def _configure_one(parser: ArgumentParser) -> None:
    parser.add_argument("design", metavar="DESIGN", help="the CID of a revision")
    add_api(parser)


def _configure_bom(parser: ArgumentParser) -> None:
    parser.add_argument("--units", type=int, default=1, help="of the whole design")
    _configure_one(parser)


def _bom(args: Namespace) -> int:
    path = f"/v1/designs/{quote(args.design, safe='')}/bom?units={args.units}"
    bill = call(args, lambda node: node.get(path, BillAnswer))
    rows: list[tuple[str, ...]] = [("HOW", "AMOUNT", "WHAT", "PROCESS", "LICENCE")]
    rows += [
        ("make", str(it.pieces), it.part, f"{it.process}, {span(it.reference_s)} each",
         it.licence)
        for it in bill.made
    ]  # fmt: skip
    rows += [
        ("design", str(it.units), it.name, it.cid or it.reference, "")
        for it in bill.designs
    ]
    rows += [("buy", _amount(it), it.name, it.reference, "") for it in bill.bought]
    rows += [("?", _amount(it), it.name, it.reference, "") for it in bill.unstated]
    lines = [f"{bill.units} × {bill.title}", columns(rows, empty="nothing is listed")]
    return show(args, bill, "\n".join([*lines, *(it.sentence for it in bill.notes)]))


def _amount(line: BoughtAnswer) -> str:
    whole, rest = divmod(line.thousandths, 1_000)
    decimals = f".{rest:03}".rstrip("0") if rest else ""
    return f"{whole}{decimals} {line.unit}".strip()


def _lineage(args: Namespace) -> int:
    path = f"/v1/designs/{quote(args.design, safe='')}/lineage"
    found = call(args, lambda node: node.get(path, LineageAnswer))
    rows: list[tuple[str, ...]] = [("REVISION", "TITLE", "STANDING", "FOLLOWS")]
    rows += [_kin(found, each) for each in found.members]
    unknown = [
        f"not here: {it.cid}" for it in found.ancestors if it.standing == "unknown"
    ]
    text = columns(rows, empty="no revision of it is here")
    return show(args, found, "\n".join([text, *unknown]))


def _kin(found: LineageAnswer, member: MemberAnswer) -> tuple[str, ...]:
    mark = "* " if member.cid == found.revision else "  "
    standing = "newest" if member.is_newest else member.standing
    if member.superseded_by:
        standing += ", superseded"
    title = f"{member.title} {member.version}".strip()
    return mark + member.cid, title, standing, " ".join(member.parents)


def _configure_diff(parser: ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the CID of a revision")
    parser.add_argument("new", metavar="NEW", help="the CID of another")
    add_api(parser)


def _diff(args: Namespace) -> int:
    old, new = (quote(each, safe="") for each in (args.old, args.new))
    path = f"/v1/designs/{old}/diff/{new}"
    found = call(args, lambda node: node.get(path, DiffAnswer))
    lines = [change.sentence for change in found.changes]
    return show(args, found, "\n".join(lines) or "nothing changed")


COMMANDS = (
    Command(
        "designs",
        "search the designs that are known",
        _configure_designs,
        _designs,
        "List designs: the newest, or those that have every word and fact asked for,\n"
        "the likeliest first.",
    ),
    Command(
        "bom",
        "list what a design takes: to make, to buy, and other designs",
        _configure_bom,
        _bom,
    ),
    Command(
        "lineage",
        "list the revisions of a design, and which follows which",
        _configure_one,
        _lineage,
        "A revision is superseded by what a quorum of its rightsholders signed;\n"
        "what anybody else bases on it is a fork.",
    ),
    Command("diff", "tell what changed between two revisions", _configure_diff, _diff),
)
