"""`fabnet publish`: a design, from its OKH manifest and files to a signed grant."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from fabnet.errors import StorageError
from fabnet.node.api.answers import PublishedDesign
from fabnet.node.cli.command import Command, add_token, call, show
from fabnet.node.cli.okh import told
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.keyring import read_secret
from fabnet.node.publishing.choosing import choose
from fabnet.node.publishing.draft import Draft, draft
from fabnet.node.publishing.lineage import NEW, read_cid, read_origin, trace
from fabnet.node.publishing.progress import Progress
from fabnet.node.publishing.sending import is_published, send
from fabnet.node.staging import folder_of
from fabnet.node.web.sentences import sentence
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal


class Published(msgspec.Struct, frozen=True):
    """What came of it."""

    revision: str
    folder: str
    files: int
    parts: list[str]
    lineage: str | None
    source_location: str
    is_new: bool
    """Whether the node did not have it yet, with a grant."""
    report: list[str]


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "path",
        type=Path,
        help="a manifest, a folder, a git working copy, or a zip archive of one",
    )
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        help="PEM key of a licensor, in the manifest's order; repeat for each",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="take every file that is not ignored, not only those the manifest names",
    )
    parser.add_argument(
        "--no-git",
        action="store_true",
        help="take a folder as it is, even where it is a git working copy",
    )
    parser.add_argument(
        "--parent",
        metavar="CID",
        action="append",
        default=[],
        help="the revision that this one follows; repeat to merge several",
    )
    parser.add_argument(
        "--derived-from",
        metavar="RELATION:CID",
        action="append",
        default=[],
        help="another design it draws on, as remix, variant or part; repeat for each",
    )
    parser.add_argument(
        "--reviewed",
        metavar="CID",
        action="append",
        default=[],
        help="an origin whose licence leaves it open: you read it, and it allows this",
    )
    parser.add_argument(
        "--save",
        metavar="FOLDER",
        type=Path,
        help="also write revision.json and grant.json there, for `fabnet verify`",
    )
    add_token(parser)


def _run(args: Namespace) -> int:
    with folder_of(args.path) as path:
        return _publish(args, path)


def _publish(args: Namespace, path: Path) -> int:
    parents = [read_cid("--parent", text) for text in args.parent]
    reviewed = [read_cid("--reviewed", text) for text in args.reviewed]
    origins = [read_origin(text) for text in args.derived_from]
    signing = [SigningKey.from_pem(read_secret(key)) for key in args.key]
    chosen = choose(path, everything=args.all, use_git=not args.no_git)
    progress = Progress(sys.stderr)
    moment_ms = SystemClock().now().moment_ms
    lineage = NEW
    if parents or origins:
        lineage = call(args, lambda client: trace(client, parents, origins))
    design = draft(chosen, signing, moment_ms, lineage=lineage, progress=progress)
    if args.save is not None:
        _save(design, args.save)

    async def publish(client: Client) -> tuple[bool, PublishedDesign]:
        is_known = await is_published(client, design)
        return not is_known, await send(client, design, progress, reviewed)

    is_new, created = call(args, publish)
    remarks = list(design.remarks)
    if not is_new:
        remarks.append(Refusal("published-before"))
    report = told(chosen.imported)
    report += [sentence(each.reason, dict(each.args)) for each in remarks]
    report += [warning.sentence for warning in created.warnings]
    revision = design.revision
    published = Published(
        created.id,
        design.folder,
        len(design.held),
        [part.name for part in revision.parts],
        revision.lineage,
        revision.source_location,
        is_new,
        report,
    )
    return show(args, published, _text(published))


def _text(published: Published) -> str:
    lines = [
        published.revision,
        f"folder {published.folder}, {published.files} files",
    ]
    lines += [f"part {name}" for name in published.parts]
    lines += [f"note {note}" for note in published.report]
    return "\n".join(lines)


def _save(design: Draft, folder: Path) -> None:
    """Write what is signed, and what it is signed for, beside no file of the design."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "revision.json").write_bytes(design.manifest)
        (folder / "grant.json").write_bytes(design.grant)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error}") from error


COMMAND = Command(
    "publish",
    "publish a design from its OKH manifest",
    _configure,
    _run,
    "Read a manifest and the files that it names, measure its meshes, sign the\n"
    "licence grant with the licensors' keys, and publish all of it through a node.\n"
    "\n"
    "PATH is a manifest (okh.toml), a folder that holds one, a git working copy, or a\n"
    "zip archive of one, which is judged whole before anything of it is unpacked.\n"
    "Of a working copy only tracked files are taken; the commit and its remote are\n"
    "the source location where the manifest names none. Links, special files and\n"
    "paths that lead out of the folder are refused, and then nothing is sent.\n"
    "\n"
    "Prints the revision's CID, then that of its folder, as any IPFS client works it\n"
    "out. Run again after a fault, it sends what is still missing.",
)
