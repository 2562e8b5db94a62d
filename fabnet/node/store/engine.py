"""SQLite opened the one way that keeps its word, and brought to the newest schema.

`synchronous=NORMAL` loses acknowledged commits in a power cut, and a pragma that fails
may do so in silence, so what each pragma returned is fetched and compared. Checkpoints
are the writer's own: SQLite's automatic ones ignore a disk that fails to sync.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from fabnet.errors import StorageError
from fabnet.node.store.alarm import failed
from fabnet.node.store.tables import SCHEMA

READERS_MAX: Final = 2
"""Read connections, and threads: more would wait for the same processor and disk."""
BUSY_S_MAX: Final = 5
"""How long to wait for a lock of another connection, such as a backup's."""
_WAL_BYTES_MAX: Final = 16 * 1024 * 1024
"""What a WAL file is cut back to after a burst, so that it does not fill a card."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_WRITER_PRAGMAS: Final = (
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL
    ("secure_delete", 1),  # what is deleted is overwritten: a pruned body is gone
    ("foreign_keys", 1),
    ("wal_autocheckpoint", 0),
    ("journal_size_limit", _WAL_BYTES_MAX),
    ("checkpoint_fullfsync", 1),
    ("fullfsync", 1),
)
_READER_PRAGMAS: Final = (("query_only", 1), ("foreign_keys", 1))


def open_writer(path: Path) -> Engine:
    """Return the engine of the one connection that writes; make the file if absent."""
    _create(path)
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect_writer(path),
        poolclass=StaticPool,
    )
    return _beginning(engine, "BEGIN IMMEDIATE")


def open_readers(path: Path) -> Engine:
    """Return the engine of the connections that read what is committed."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(f"{path.as_uri()}?mode=ro", _READER_PRAGMAS),
        poolclass=QueuePool,
        pool_size=READERS_MAX,
        max_overflow=0,
    )
    return _beginning(engine, "BEGIN")


def migrate(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction, or raise."""
    try:
        with engine.begin() as connection:
            found = _schema(connection)
            if found == SCHEMA:
                return
            if found is not None and found > SCHEMA:
                raise StorageError(
                    f"the database has schema {found}, this program knows {SCHEMA}:"
                    " a newer fabnet wrote it"
                )
            _upgrade(connection)
    except DBAPIError as error:
        raise failed("the database cannot be migrated", error.orig) from error


def _create(path: Path) -> None:
    if path.exists():
        return
    try:
        # SQLite gives its WAL the rights of the database: nobody else reads either.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        sync_directory(path.parent)
    except OSError as error:
        raise failed(f"{path}: cannot be made", error) from error


def make_directory(path: Path) -> None:
    """Make a directory for its owner only, and those above it, durably.

    Also when it is there: whoever made it may have been cut short before the sync.
    """
    path = path.absolute()
    for above in reversed((path, *path.parents)):
        if not above.is_dir():
            above.mkdir(mode=0o700, exist_ok=True)
            sync_directory(above.parent)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make a name that was created, changed or removed in a directory durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _connect(
    uri: str, pragmas: tuple[tuple[str, str | int], ...]
) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_S_MAX,
        isolation_level=None,
        check_same_thread=False,
    )
    with ExitStack() as undo:
        undo.callback(connection.close)
        for name, wanted in pragmas:
            connection.execute(f"PRAGMA {name} = {wanted}").fetchall()
            (found,) = connection.execute(f"PRAGMA {name}").fetchone()
            if found != wanted:
                raise StorageError(f"the disk refused {name}={wanted}: it says {found}")
        undo.pop_all()
    return connection


def _connect_writer(path: Path) -> sqlite3.Connection:
    connection = _connect(f"{path.as_uri()}?mode=rw", _WRITER_PRAGMAS)
    try:
        # A read opens the WAL, and makes it. SQLite would sync its name at the first
        # commit, and say nothing if that failed.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        sync_directory(path.parent)
    except OSError as error:
        connection.close()
        raise failed(f"{path}: cannot be opened", error) from error
    return connection


def _beginning(engine: Engine, statement: str) -> Engine:
    """Let transactions open with `statement`, since the driver opens none."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return engine


def _schema(connection: Connection) -> str | None:
    known = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    ).first()
    if known is None:
        return None
    return connection.exec_driver_sql(
        "SELECT max(version_num) FROM alembic_version"
    ).scalar()


def _upgrade(connection: Connection) -> None:
    # Imported here: it costs more than a start that finds the schema as it should be.
    from alembic import command  # noqa: PLC0415  # only to migrate
    from alembic.config import Config  # noqa: PLC0415  # the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
