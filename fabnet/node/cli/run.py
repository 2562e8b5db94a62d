"""`fabnet run`: one node, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from fabnet.errors import DiskError, FabnetError
from fabnet.node.cli.command import Command, first_error
from fabnet.node.config import Config, load
from fabnet.node.drivers.hours import open_windows
from fabnet.node.keyring import ONE_TIME_FILE

EXIT_DISK: Final = 74
"""EX_IOERR: for a supervisor, which must not start a node on a disk that failed."""
DISK_ADVICE: Final = (
    "Nothing was promised that was not on the disk. Look at the disk (dmesg, smartctl)"
    " before you start\nthe node again: until then do not let anything start it by"
    " itself. If in doubt, bring back a backup\non another disk."
)


class JsonLines(logging.Formatter):
    """Writes each log line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`."""
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "room": record.name,
            "says": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("config", type=Path, help="the file that `fabnet init` wrote")
    parser.add_argument(
        "--check",
        action="store_true",
        help="only read the file and say whether it is right",
    )
    parser.add_argument(
        "--begin-again",
        action="store_true",
        help="go on under a new incarnation, when no peer ever confirms this one",
    )


def _run(args: Namespace) -> int:
    config = load(args.config)
    # What the workshop floor will read, read now: an error is better at the start.
    open_windows(config.facility.hours, config.facility.time_zone, from_ms=0)
    if args.check:
        print(f"{args.config}: {len(config.machines)} machines; nothing is wrong")
        return 0
    _log(config)
    failed: list[FabnetError] = []
    try:
        asyncio.run(_serve(config, begin_again=args.begin_again))
    except* FabnetError as group:
        failed.append(first_error(_disk_in(group)))
    if failed and isinstance(failed[0], DiskError):
        print(f"fabnet run: {failed[0]}\n{DISK_ADVICE}", file=sys.stderr)
        return EXIT_DISK
    if failed:
        raise failed[0]
    return 0


async def _serve(config: Config, *, begin_again: bool) -> None:
    # Nothing else of the command line needs the whole node.
    from fabnet.node.app import run_node  # noqa: PLC0415  # it loads the server

    def ready(url: str) -> None:
        one_time = config.node.data_dir / ONE_TIME_FILE
        print(f"{config.node.name}: ready at {url}", flush=True)
        if one_time.exists():
            print(f"no operator yet: the one-time token is in {one_time}", flush=True)

    serving = asyncio.current_task()
    assert serving is not None, "asyncio.run made one"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    try:
        await run_node(config, ready=ready, begin_again=begin_again)
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")


def _log(config: Config) -> None:
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    logging.basicConfig(level=config.node.log_level, handlers=[lines])
    # It tells of every plugin that it has at each start.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _disk_in(group: BaseExceptionGroup[FabnetError]) -> BaseExceptionGroup[FabnetError]:
    """Return what of several errors is the disk's, or all of them."""
    return group.subgroup(DiskError) or group


COMMAND = Command(
    "run",
    "run a node from its configuration file",
    _configure,
    _run,
    "Serve other nodes, the machines and the operator's pages until SIGTERM or\n"
    "Ctrl-C. Logs are JSON lines on standard error. After a start nothing leaves the\n"
    "node until a peer confirms that its database is the newest; --begin-again is for\n"
    "when none ever will. It ends the jobs that are open here: ask again for what is\n"
    "missing of them.",
)
