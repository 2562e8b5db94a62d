"""The command line: `fabnet COMMAND`, each command in a module of its own."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Final, NoReturn

from fabnet import VERSION
from fabnet.errors import FabnetError
from fabnet.node.cli import (
    demo,
    designs,
    init,
    licence,
    okh,
    peers,
    people,
    requesting,
    run,
    showing,
)
from fabnet.node.cli.command import Command
from fabnet.node.cli.commons import disputing, publish, verify, withdrawing
from fabnet.node.cli.doubts import listing, signing
from fabnet.node.cli.exports import okw, printing
from fabnet.node.cli.federation import admitting, federating
from fabnet.node.cli.files import measure, sampling, unpack
from fabnet.node.cli.moving import bundle, inviting
from fabnet.node.cli.records import pruning

COMMANDS: Final[tuple[Command, ...]] = (
    init.COMMAND,
    run.COMMAND,
    demo.COMMAND,
    *people.COMMANDS,
    *peers.COMMANDS,
    *inviting.COMMANDS,
    federating.COMMAND,
    admitting.COMMAND,
    bundle.COMMAND,
    publish.COMMAND,
    verify.COMMAND,
    okh.COMMAND,
    licence.COMMAND,
    okw.COMMAND,
    *withdrawing.COMMANDS,
    unpack.COMMAND,
    measure.COMMAND,
    sampling.COMMAND,
    *requesting.COMMANDS,
    *designs.COMMANDS,
    disputing.COMMAND,
    *showing.COMMANDS,
    listing.COMMAND,
    *signing.COMMANDS,
    *printing.COMMANDS,
    pruning.COMMAND,
)
INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 for a no or an error, or what it says itself."""
    args = _read(argv)
    command: Command = args.command
    try:
        return command.run(args)
    except FabnetError as error:
        print(f"fabnet {command.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; say nothing more to them.
        sys.stderr.close()
        return 1


class Parser(ArgumentParser):
    """A parser that says bad usage with the exit code of its command."""

    usage_code = 2

    def error(self, message: str) -> NoReturn:
        """Print how it is used, and leave."""
        self.print_usage(sys.stderr)
        self.exit(self.usage_code, f"{self.prog}: error: {message}\n")


def _read(argv: Sequence[str] | None) -> Namespace:
    """Return the arguments, or leave as their own command does on bad usage."""
    top = parser()
    args, unknown = top.parse_known_args(argv)
    if unknown:
        top.usage_code = args.command.usage_code
        top.error(f"unrecognized arguments: {' '.join(unknown)}")
    return args


def parser() -> Parser:
    """Return the parser of every command."""
    top = Parser(
        prog="fabnet",
        description="A network of workshops that share designs, machines and work.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"fabnet {VERSION}")
    words = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        word = words.add_parser(
            command.name,
            help=command.help,
            description=command.description or f"{command.help}.",
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        word.usage_code = command.usage_code
        command.configure(word)
        word.set_defaults(command=command)
    return top
