"""Tables of what people type: a node's configuration file, and its addresses."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Annotated

import msgspec
import tomli_w

from fabnet.errors import InputError
from fabnet.node.api.strict import read_json
from fabnet.node.config import parse
from fabnet.node.links.guard import check, check_port
from fabnet.production.place import place_at
from tests.hostile.papers import edited, label
from tests.hostile.rows import Row, Table, rows, written
from tests.node.test_config import HERE, SMALL


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    pieces: Annotated[int, msgspec.Meta(ge=1, le=10)]


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """A body as the operator's API takes them."""

    items: tuple[Inner, ...]
    due: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_SMALL = {**tomllib.loads(SMALL), "listen": {}, "peers": {}, "trust": {}}


def _parsed(text: bytes) -> object:
    return parse(text, HERE)


def _keyed(path: str) -> str:
    """Return a path as an error spells it: the first machine is `machine[0]`."""
    return path.removeprefix("-").replace("machine.0", "machine[0]")


def _changed(path: str, value: object) -> bytes:
    return tomli_w.dumps(edited(_SMALL, path, value)).encode()


def _told() -> tuple[Row, ...]:
    return rows(
        *(
            (label(path, value), _changed(path, value), (_keyed(path), why))
            for _, path, value, why in written("config")
        )
    )


CONFIG = Table("config", _parsed, SMALL.encode(), _told(), InputError)
FILES = Table(
    "config file",
    _parsed,
    SMALL.encode(),
    rows(
        ("half a table", b"[node", "config: not TOML"),
        ("a key twice", SMALL.encode() + b"\n[node]\nname = 'x'", "config: not TOML"),
        ("not UTF-8", b"[node]\nname = '\xff'", "config: not TOML"),
        ("lists without end", b"a = " + b"[" * 20_000, "config: not TOML"),
        ("nothing", b"", "node.name: is missing"),
        ("one machine twice", SMALL.encode() + SMALL[SMALL.index("[[mach"):].encode(),
         "machine[1].id: 'printer-1' is there twice"),
    ),
    InputError,
)  # fmt: skip

_HOME = "is in a private range"
_NOWHERE = "is in a range no peer has"
DIALLED = Table(
    "dialled address",
    lambda host: check(host, allow_private=False),
    "9.9.9.9",
    rows(
        *(
            (host, host, why)
            for why, hosts in (
                (_HOME, ("127.0.0.1", "127.255.255.254", "::1", "10.0.0.1",
                         "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1",
                         "fdff::1", "169.254.1.1", "fe80::1", "100.64.0.1")),
                (_NOWHERE, ("0.0.0.0", "0.1.2.3", "169.254.169.254", "100.100.100.200",
                            "168.63.129.16", "fd00:ec2::254", "192.0.0.1",
                            "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1",
                            "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255",
                            "2002:7f00:1::", "2001::1", "64:ff9b::7f00:1",
                            "64:ff9b:1::1", "::ffff:127.0.0.1", "::127.0.0.1", "::",
                            "fec0::1", "100::1", "5f00::1", "2001:db8::1", "3fff::1",
                            "4000::1", "8000::1")),
                ("is not an IP address", ("", "localhost", "①②⑦.⓪.⓪.①", "127.1",
                                          "0177.0.0.1", "0x7f000001", "1.2.3.4.5",
                                          "1.2.3.4\n", "[::1]", "a.example")),
            )
            for host in hosts
        )
    ),
)  # fmt: skip

DIALLED_AT_HOME = Table(
    "address dialled on a LAN",
    lambda host: check(host, allow_private=True),
    "192.168.1.1",
    tuple(row for row in DIALLED.rows if row.whys == (_NOWHERE,)),
)

DIALLED_PORTS = Table(
    "dialled port",
    check_port,
    443,
    tuple(
        Row(f"port {port}", port, (f"port {port} belongs to no peer",))
        for port in (0, 22, 25, 1_023, 5_432, 6_379)
    ),
)

BODIES = Table(
    "request body",
    lambda raw: read_json(raw, Outer),
    b'{"items":[{"pieces":1}]}',
    rows(
        ("nothing", b"", "body: expected JSON"),
        ("a list", b"[]", "body: expected `object`"),
        ("not UTF-8", b"\xff", "body: expected JSON"),
        ("a field left out", b"{}", "items: missing"),
        ("a field misspelt", b'{"itms":[]}', "itms: unknown; did you mean 'items'"),
        ("a field misspelt within", b'{"items":[{"peices":1}]}',
         "items[0].peices: unk"),
        ("a field twice", b'{"items":[],"items":[]}', "items: occurs twice"),
        ("too few", b'{"items":[{"pieces":0}]}',
         "items[0].pieces: expected `int` >= 1"),
        ("too many", b'{"items":[{"pieces":11}]}',
         "items[0].pieces: expected `int` <="),
        ("a fraction", b'{"items":[{"pieces":1.0}]}',
         "items[0].pieces: expected `int`"),
        ("a yes", b'{"items":[{"pieces":true}]}', "items[0].pieces: expected `int`"),
        ("no number", b'{"items":[{"pieces":NaN}]}', "body: NaN is no number"),
        ("infinity", b'{"items":[{"pieces":Infinity}]}', "body: Infinity is no number"),
        ("without end", b"[" * 100_000, "body: nests too deep"),
        ("a time without zone", b'{"items":[],"due":"2026-01-01T00:00:00"}', "due: "),
        ("never", b'{"items":[],"due":"never"}', "due: invalid RFC3339"),
    ),
    InputError,
)  # fmt: skip

PLACES = Table(
    "place",
    lambda place: place_at(*place),
    (32.3, -90.2),
    rows(
        ("north of the pole", (90.1, 0), "latitude: expected -90 to 90"),
        ("south of the pole", (-91, 0), "latitude: expected -90 to 90"),
        ("round the Earth", (0, 180.5), "longitude: expected -180 to 180"),
        ("nowhere", (float("nan"), 0), "latitude: expected -90 to 90"),
        ("nowhere else", (0, float("inf")), "longitude: expected -180 to 180"),
    ),
    InputError,
)

TABLES: tuple[Table, ...] = (
    CONFIG, FILES, DIALLED, DIALLED_AT_HOME, DIALLED_PORTS, BODIES, PLACES,
)  # fmt: skip
