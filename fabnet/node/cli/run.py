"""`fabnet run`: one node, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fabnet.errors import FabnetError
from fabnet.node.cli.command import Command
from fabnet.node.config import Config, load
from fabnet.node.drivers.hours import open_windows
from fabnet.node.keyring import ONE_TIME_FILE


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
        asyncio.run(_serve(config))
    except* FabnetError as group:
        failed.append(_first(group))
    if failed:
        raise failed[0]
    return 0


async def _serve(config: Config) -> None:
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
        await run_node(config, ready=ready)
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")


def _log(config: Config) -> None:
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    logging.basicConfig(level=config.node.log_level, handlers=[lines])
    # It tells of every plugin that it has at each start.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _first(group: BaseExceptionGroup[FabnetError]) -> FabnetError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


COMMAND = Command(
    "run",
    "run a node from its configuration file",
    _configure,
    _run,
    "Serve other nodes, the machines and the operator's pages until SIGTERM or\n"
    "Ctrl-C. Logs are JSON lines on standard error.",
)
