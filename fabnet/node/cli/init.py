"""`fabnet init`: found a cooperative: keys, charter, policy and configuration."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fabnet.errors import InputError
from fabnet.node import founding
from fabnet.node.cli.command import Command
from fabnet.node.clock import SystemClock
from fabnet.node.config import Config, load, parse
from fabnet.node.drivers.hours import zone
from fabnet.node.keyring import Keyring, signing_key


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "dir", type=Path, nargs="?", help="a new folder for everything of the node"
    )
    parser.add_argument(
        "--config",
        type=Path,
        help="instead of DIR: a configuration you wrote; keys and documents are made "
        "where it says",
    )
    parser.add_argument("--name", help="of cooperative and workshop")
    parser.add_argument("--latitude", type=float, help="degrees north")
    parser.add_argument("--longitude", type=float, help="degrees east")
    parser.add_argument(
        "--time-zone", default="UTC", help="IANA name, such as Europe/Madrid"
    )
    parser.add_argument("--network", default="fabcity", help="which network it is on")
    parser.add_argument("--public", default="0.0.0.0:8101", help="HOST:PORT for peers")
    parser.add_argument(
        "--operator", default="127.0.0.1:8102", help="HOST:PORT for your own pages"
    )
    parser.add_argument(
        "--address",
        action="append",
        default=[],
        help="a multiaddr that reaches --public, such as "
        "/dns4/fab.example.org/tcp/443/tls/http; may be repeated",
    )


def _run(args: Namespace) -> int:
    if (args.dir is None) == (args.config is None):
        raise InputError("DIR", "expected a new folder, or --config FILE")
    path: Path = args.config or args.dir / founding.CONFIG_FILE
    if args.config is None:
        _write_config(args, path)
    config = load(path)
    zone(config.facility.time_zone)
    _found(config)
    print(f"next         fabnet run {path}")
    return 0


def _write_config(args: Namespace, path: Path) -> None:
    if path.exists():
        raise InputError(str(path), "is there already; choose a new folder")
    for name in ("name", "latitude", "longitude"):
        if getattr(args, name) is None:
            raise InputError(f"--{name}", "is needed with DIR")
    content = founding.config_toml(_tables(args))
    # Everything that was typed is looked at before anything is written.
    parse(content, path.resolve().parent)
    zone(args.time_zone)
    founding.write(path, content)


def _found(config: Config) -> None:
    """Make keys, a charter and a policy where a configuration says they are."""
    documents = config.documents
    if documents.charter.exists():
        raise InputError(str(documents.charter), "is there already")
    clock = SystemClock()
    now_ms = clock.now().moment_ms
    keyring = Keyring.open(config.node.data_dir, clock.token)
    people = documents.charter.parent / "keys"
    people.mkdir(mode=0o700, exist_ok=True)
    steward = signing_key(people / "steward.pem", clock.token)
    designer = signing_key(people / "designer.pem", clock.token)
    peer = keyring.node.public.peer
    charter = founding.cooperative(
        config.facility.name,
        nodes=[peer],
        steward=steward,
        designers=[designer.public],
        moment_ms=now_ms,
    )
    charter_id = founding.id_of(charter)
    if documents.policy is not None:
        policy = founding.policy({}, charter_id, steward=steward, moment_ms=now_ms)
        founding.write(documents.policy, policy)
    founding.write(documents.charter, charter)
    print(f"node         {peer}")
    print(f"cooperative  {charter_id}")
    for text in config.listen.addresses:
        print(f"address      {text}/p2p/{peer}")
    print(f"keys         {people}: keep steward.pem off this computer")


def _tables(args: Namespace) -> dict[str, founding.Toml]:
    short = re.sub(r"[^a-z0-9]+", "-", args.name.lower()).strip("-")[:40].strip("-")
    return {
        "node": {"name": args.name, "network": args.network, "data_dir": "data"},
        "listen": {
            "public": args.public,
            "operator": args.operator,
            "addresses": list(args.address),
        },
        "documents": {
            "charter": founding.CHARTER_FILE,
            "policy": founding.POLICY_FILE,
        },
        "facility": {
            "id": short or "workshop",
            "name": args.name,
            "latitude": args.latitude,
            "longitude": args.longitude,
            "time_zone": args.time_zone,
            "hours": ["Mo-Fr 09:00-18:00"],
        },
    }


COMMAND = Command(
    "init",
    "found a cooperative and its first node",
    _configure,
    _run,
    "Write keys, a charter and a policy signed by a new steward key, and a\n"
    "configuration file in which you then tell of your machines.",
)
