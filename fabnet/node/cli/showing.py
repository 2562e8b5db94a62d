"""`fabnet machines | jobs | story | credit`: what a node knows."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from urllib.parse import quote

from fabnet.node.api.answers import Credit, Jobs, Line, Machines, Story
from fabnet.node.api.plans.answers import WhyAnswer
from fabnet.node.cli.command import Command, add_api, call, columns, show
from fabnet.node.web.sentences import moment, short, span


def _machines(args: Namespace) -> int:
    found = call(args, lambda node: node.get("/v1/machines", Machines))
    rows: list[tuple[str, ...]] = [("FACILITY", "MACHINE", "STATE", "DOES", "WORKS")]
    for facility in found.facilities:
        for machine in facility.machines:
            can = machine.capabilities
            does = ", ".join(each.process for each in can)
            works = " ".join(word for each in can for word in each.materials)
            name = f"{machine.name} ({machine.id})"
            rows.append((facility.name, name, machine.state, does, works))
    return show(args, found, columns(rows, empty="no machines are known"))


def _jobs(args: Namespace) -> int:
    found = call(args, lambda node: node.get("/v1/jobs", Jobs))
    rows: list[tuple[str, ...]] = [("JOB", "WHAT", "GOOD", "STATE", "DUE", "HERE")]
    for job in found.jobs:
        what = ", ".join(f"{it.pieces} × {it.title or it.part}" for it in job.items)
        good = str(sum(it.good for it in job.items))
        due = moment(job.due_ms)
        rows.append((job.short_code, what, good, job.state, due, job.side))
    return show(args, found, columns(rows, empty="no jobs are known"))


def _story(args: Namespace) -> int:
    path = f"/v1/stories/{quote(args.id, safe='')}"
    found = call(args, lambda node: node.get(path, Story))
    lines = [f"The story of {found.subject}", *map(_told, found.lines)]
    return show(args, found, "\n".join(lines))


def _why(args: Namespace) -> int:
    path = f"/v1/jobs/{quote(args.id, safe='')}/why"
    if args.machine:
        path += f"?machine={quote(args.machine, safe='')}"
    found = call(args, lambda node: node.get(path, WhyAnswer))
    lines: list[str] = []
    for row in found.rows:
        lines += [f"Planned {moment(row.planned_ms)}", *row.sentences]
        if row.asked is not None:
            lines.append(row.asked.sentence)
        if row.chosen is not None:
            costs = [(it.title, span(it.cost_ms // 1_000)) for it in row.chosen.terms]
            lines += [
                "",
                columns([("IT COUNTS FOR", "LIKE WAITING"), *costs], empty=""),
            ]
        lines += ["", "What would change it", *row.change_sentences, ""]
        if not args.machine:
            lines += ["The others", *(it.sentence for it in row.others), ""]
    return show(args, found, "\n".join([*lines, found.certificate_sentence]))


def _told(line: Line) -> str:
    at = datetime.fromtimestamp(line.moment_ms // 1_000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}  {line.sentence}"


def _credit(args: Namespace) -> int:
    found = call(args, lambda node: node.get("/v1/credit", Credit))
    known = call(args, lambda node: node.get("/v1/machines", Machines))
    names = {each.charter: each.name for each in known.facilities}
    rows: list[tuple[str, ...]] = [("COOPERATIVE", "IS OWED")]
    for balance in found.balances:
        name = names.get(balance.cooperative, short(balance.cooperative))
        sign = "−" if balance.minutes < 0 else ""  # noqa: RUF001  # a minus is meant
        rows.append((name, sign + span(abs(balance.minutes) * 60)))
    text = columns(rows, empty="no minutes have been credited")
    pending = [
        f"pending: lot {it.epoch} of {it.job}: {it.reason}" for it in found.pending
    ]
    return show(args, found, "\n".join([text, *pending]))


def _passport(args: Namespace) -> int:
    path = f"/v1/passports/{quote(args.job, safe='')}/{args.epoch}"
    raw = call(args, lambda node: node.get_bytes(path + ("/jwt" if args.jwt else "")))
    print(raw.decode())
    return 0


def _configure_passport(parser: ArgumentParser) -> None:
    parser.add_argument("job", help="id or short code")
    parser.add_argument("epoch", type=int, help="of the lot: 1, 2, 3…")
    parser.add_argument(
        "--jwt", action="store_true", help="as a JWT (vc+jwt), from its maker's node"
    )
    add_api(parser)


def _configure_story(parser: ArgumentParser) -> None:
    parser.add_argument("id", help="a job, its short code, a machine, design or peer")
    add_api(parser)


def _configure_why(parser: ArgumentParser) -> None:
    parser.add_argument("id", help="a job, by its id or short code")
    parser.add_argument(
        "--machine",
        metavar="FACILITY/MACHINE@PEER",
        help="say how this one stands; the peer only where two machines have one name",
    )
    add_api(parser)


COMMANDS = (
    Command("machines", "list the machines that are known", add_api, _machines),
    Command("jobs", "list the jobs filed or made here", add_api, _jobs),
    Command(
        "story",
        "tell all that happened to one thing",
        _configure_story,
        _story,
    ),
    Command(
        "why",
        "tell why a job is made where it is, and what would change it",
        _configure_why,
        _why,
        "Tell why each part of a job went to its machine, and not to another, and the\n"
        "least that could be asked otherwise to change it. From the newest plan since\n"
        "the node began; `fabnet story` tells what happened before.",
    ),
    Command(
        "passport",
        "print the product passport of a lot",
        _configure_passport,
        _passport,
        "Print the signed passport of a lot as it is, for a file or another program.\n"
        "Its maker's node also says it as a JWT, for those who read JOSE.",
    ),
    Command("credit", "show the minutes owed between cooperatives", add_api, _credit),
)
