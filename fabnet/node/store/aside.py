"""Reading the documents in a node's folder beside it, whether it runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Engine, Select, select
from sqlalchemy.exc import DBAPIError

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.revision import RevisionBody
from fabnet.errors import RemoteError, StorageError
from fabnet.node.store import tables
from fabnet.node.store.engine import open_readers
from fabnet.production.lots.making import Making
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.record import BODY_BYTES_MAX

B = TypeVar("B", bound=Body)

DATABASE: Final = "fabnet.db"
READ_MAX: Final = 50_000
"""Records of one kind that are looked through, the newest first."""
ROW_BYTES_MAX: Final = 128 * 1_024
"""Bytes of one state row: a lot with its licence acceptance has 40 KiB."""


class _Carried(Body):
    """A body that is one signed document, as most kinds of log records have it."""

    document: bytes


class Aside:
    """A node's records, to be read and never written. Made by `open`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, data: Path) -> Aside:
        """Return the records in a data folder, or raise StorageError."""
        path = (data / DATABASE).absolute()
        if not path.is_file():
            raise StorageError(
                f"{data}: expected a node's data folder, with {DATABASE}"
            )
        return cls(open_readers(path))

    def documents(self, kind: str, *, key: str | None = None) -> list[bytes]:
        """Return the documents that records of a kind carry, the newest first."""
        found = []
        for raw in self._bodies(kind, key):
            try:
                body = canonical.decode(raw, _Carried, bytes_max=BODY_BYTES_MAX)
            except RemoteError:
                continue
            found.append(body.document)
        return found

    def acceptances(self) -> list[bytes]:
        """Return the licence acceptances of lots that this node made."""
        found = [making.acceptance for making in self._rows("making", Making)]
        return [document for document in found if document is not None]

    def revision_of(self, folder: Cid) -> Cid | None:
        """Return the revision that a folder is said to hold the files of, or nil."""
        for raw in self._bodies(revisions.KIND, None):
            try:
                body = canonical.decode(raw, RevisionBody, bytes_max=BODY_BYTES_MAX)
            except RemoteError:
                continue
            if body.folder == folder:
                return Cid(body.revision)
        return None

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def _rows(self, table: str, of: type[B]) -> Iterator[B]:
        state = tables.state.c
        query = select(state.row).where(state.table_name == table).limit(READ_MAX)
        for row in self._read(query):
            try:
                yield canonical.decode(row, of, bytes_max=ROW_BYTES_MAX)
            except RemoteError:
                continue

    def _bodies(self, kind: str, key: str | None) -> Iterator[bytes]:
        record = tables.record.c
        query = select(record.body).where(record.kind == kind, record.body.is_not(None))
        if key is not None:
            query = query.where(record.key == key)
        yield from self._read(query.order_by(record.arrival.desc()).limit(READ_MAX))

    def _read(self, query: Select[bytes]) -> list[bytes]:
        try:
            with self._engine.begin() as connection:
                return list(connection.execute(query).scalars())
        except DBAPIError as error:
            raise StorageError(f"the database cannot be read: {error.orig}") from error
