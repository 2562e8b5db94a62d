"""What a design takes: its parts, its designs, and what its BOM files say to buy."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from fabnet.designs.bom import UNITS_MAX, BoughtLine, DesignLine, bom
from fabnet.designs.bom_file import BOM_BYTES_MAX, BomFile, BomRow, read_bom
from fabnet.designs.catalogue import Catalogue
from fabnet.designs.revision import FileEntry
from fabnet.errors import RemoteError
from fabnet.node.api.asks import Ask
from fabnet.node.api.commons.answers import (
    BillAnswer,
    BillNote,
    BoughtAnswer,
    MadeAnswer,
    PartDesignAnswer,
)
from fabnet.node.api.commons.designs import catalogue_of, manifest
from fabnet.node.api.problem import Problem
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.node.web.sentences import sentence

FILES_READ_MAX: Final = 16
"""BOM files read of one design; the others are named in a note."""
NOTES_MAX: Final = 200
"""Notes in one answer; a file with more faults is no bill."""
_READ: Final = (".csv", ".tsv", ".tab", ".txt")


class BillSearch(Ask):
    """For how many units."""

    units: Annotated[int, msgspec.Meta(ge=1, le=UNITS_MAX)] = 1


async def get_bill(call: Call, asked: BillSearch) -> BillAnswer | Problem:
    """Return all that so many units of a design take."""
    shell = call.shell
    found = await manifest(shell, call.params["cid"])
    if isinstance(found, Problem):
        return found
    cid, revision = found
    rows: list[BomRow] = []
    notes: list[BillNote] = []
    listed = [file for file in revision.files if file.role == "bom"]
    for index, file in enumerate(listed):
        read = await _read(shell, file, is_beyond=index >= FILES_READ_MAX)
        if isinstance(read, BillNote):
            notes.append(read)
            continue
        rows += read.rows
        notes += [
            _note(it.code, file.path, it.row, column=it.column, was=it.was)
            for it in read.faults
        ]
    bill = bom(revision, asked.units, rows)
    notes += [
        _note(
            it.code, "", it.row, name=it.name,
            stated=amount(it.stated), described=amount(it.described),
        )
        for it in bill.remarks
    ]  # fmt: skip
    held = await catalogue_of(shell)
    return BillAnswer(
        revision=cid,
        title=revision.title,
        units=asked.units,
        made=[
            MadeAnswer(it.part, it.process, it.pieces, it.licence, it.reference_s)
            for it in bill.made
        ],
        designs=[_design(held, it) for it in bill.designs],
        bought=[_bought(it) for it in bill.bought],
        unstated=[_bought(it) for it in bill.unstated],
        notes=notes[:NOTES_MAX],
    )


def amount(thousandths: int) -> str:
    """Return an amount as people write it."""
    whole, rest = divmod(thousandths, 1_000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else str(whole)


async def _read(
    shell: Shell, file: FileEntry, *, is_beyond: bool
) -> BomFile | BillNote:
    """Return the rows of one file, or why they cannot be read."""
    if is_beyond or not file.path.lower().endswith(_READ):
        return _note("bom-not-a-table", file.path, 0)
    try:
        raw = await shell.blobs.read(file.cid, bytes_max=BOM_BYTES_MAX)
        if raw is None:
            return _note("bom-not-here", file.path, 0)
        return read_bom(raw)
    except RemoteError as error:
        return _note("bom-not-read", file.path, 0, why=str(error))


def _note(code: str, file: str, row: int, **args: str | int) -> BillNote:
    return BillNote(code, file, row, sentence(code, {"file": file, "row": row, **args}))


def _design(held: Catalogue, line: DesignLine) -> PartDesignAnswer:
    summary = None if line.cid is None else held.get(line.cid)
    title = "" if summary is None else summary.name
    return PartDesignAnswer(line.cid, line.name or title, line.units, line.reference)


def _bought(line: BoughtLine) -> BoughtAnswer:
    return BoughtAnswer(line.name, line.thousandths, line.unit, line.reference)
