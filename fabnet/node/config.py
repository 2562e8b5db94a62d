"""A node's configuration: one TOML file, every key of it named, typed and bounded.

A key that fabnet does not know is an error at the start, with the nearest that it does;
so is a value that cannot be meant. Relative paths count from the file's own folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import (
    Annotated,
    Final,
    Literal,
    TypeVar,
    get_args,
    get_type_hints,
)

import msgspec
from msgspec import Meta

from fabnet.errors import InputError, RemoteError
from fabnet.node.links.limits.proxies import proxies_in
from fabnet.protocol import address

CONFIG_BYTES_MAX: Final = 1024 * 1024
"""A workshop of a thousand machines needs half of it."""
MACHINES_MAX: Final = 1_000
"""Machines of one facility; each is announced by itself."""

DriverName = Literal["simulated", "manual"]
DriverClass = Literal["A", "B", "C"]
State = Literal["idle", "offline", "drained"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Endpoint = tuple[str, int]
"""Host and port; written `host:port`."""

_Name = Annotated[
    str, Meta(min_length=1, max_length=120, description="a name of 1 to 120 letters")
]
_Id = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9-]{1,40}(?!\n)$",
        description="a short name of a-z, 0-9 and -, such as `printer-1`",
    ),
]
_Token = Annotated[str, Meta(pattern=r"^[a-z0-9_.-]{1,60}(?!\n)$")]
_Tokens = Annotated[
    tuple[_Token, ...],
    Meta(max_length=32, description="a list of at most 32 words such as `petg`"),
]
_Endpoint = Annotated[
    Endpoint, Meta(description="a host and a port such as `127.0.0.1:8102`")
]
_Public = Annotated[
    Endpoint | None,
    Meta(description="a host and a port such as `0.0.0.0:8101`, or `none`"),
]
_Paths = Annotated[tuple[Path, ...], Meta(description="a list of files")]
_TtlS = Annotated[
    int,
    Meta(ge=10, le=14 * 86_400, description="seconds, from 10 to 1209600 (two weeks)"),
]
_Count = Annotated[
    int, Meta(ge=0, le=2**53 - 1, description="a whole number, 0 or more")
]
_Positive = Annotated[
    int, Meta(ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
]
_Mm = Annotated[float, Meta(gt=0, le=1_000_000, description="millimetres, more than 0")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """The table `[node]`: who this node is."""

    name: _Name
    """What people call this node."""
    network: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9-]{1,40}(?!\n)$",
            description="a short name of a-z, 0-9 and -, such as `fabcity`",
        ),
    ] = "fabcity"
    """What is signed on one network is unsaid on another."""
    data_dir: Annotated[Path, Meta(description="a folder")]
    """Keys, records and files; back it up."""
    ballast_mib: Annotated[
        int, Meta(ge=1, le=1_024, description="a whole number of MiB, 1 to 1024")
    ] = 16
    """Room kept aside, so that what is under way can end on a full disk."""
    log_level: Annotated[
        LogLevel, Meta(description="one of DEBUG, INFO, WARNING, ERROR")
    ] = "INFO"
    """The least that is logged, as JSON lines on standard error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenConfig:
    """The table `[listen]`: where this node answers."""

    public: _Public = ("0.0.0.0", 8101)  # noqa: S104  # it is for everyone
    """For other peers, and for IPFS and libp2p clients; `none` for a node that only
    dials, and is reached by way of hubs."""
    operator: _Endpoint = ("127.0.0.1", 8102)
    """Your own pages and API; keep it off the internet."""
    addresses: Annotated[
        tuple[str, ...],
        Meta(max_length=16, description="a list of multiaddrs without /p2p"),
    ] = ()
    """Multiaddrs under which others reach `public`; none for a node behind a NAT."""
    hub: Annotated[bool, Meta(description="true or false")] = True
    """Whether nodes that nobody can dial may be reached by way of this one, where it
    names `addresses`."""
    proxies: Annotated[
        tuple[str, ...], Meta(max_length=16, description="a list of networks")
    ] = ("127.0.0.0/8", "::1/128")
    """From where X-Forwarded-For is believed: what stands before `public`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersConfig:
    """The table `[peers]`: whom to call on."""

    dial: Annotated[
        tuple[str, ...],
        Meta(max_length=64, description="a list of multiaddrs with /p2p/ID"),
    ] = ()
    """Peers that a link is kept to, from the start on."""
    allow_private: Annotated[bool, Meta(description="true or false")] = False
    """Whether addresses of loopback and private ranges may be dialled."""
    lan: Annotated[bool, Meta(description="true or false")] = False
    """Whether to announce this node on its LAN, and dial whoever announces itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustConfig:
    """The table `[trust]`: whose word counts here."""

    federations: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}(?!\n)$")], ...],
        Meta(max_length=64, description="a list of charter ids, `sha256:` and 64 hex"),
    ] = ()
    """Charters of federations whose memberships vouch for cooperatives."""
    vouching: Annotated[bool, Meta(description="true or false")] = False
    """Whether two cooperatives that are vouched for may let in a third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsConfig:
    """The table `[documents]`: signed documents that this node carries."""

    charter: Annotated[Path, Meta(description="a file")]
    """Of the cooperative that this node belongs to."""
    federations: _Paths = ()
    """Charters of the federations that it is in."""
    memberships: _Paths = ()
    """What those signed of it."""
    vouches: _Paths = ()
    """For whom it vouches, and the lists of those that vouch for it."""
    policy: Annotated[Path | None, Meta(description="a file")] = None
    """The policy that its members voted; without one nothing is made or asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityConfig:
    """The table `[facility]`: the workshop."""

    id: _Id
    """Unique within the cooperative."""
    name: _Name
    latitude: Annotated[
        float, Meta(ge=-90, le=90, description="decimal degrees from -90 to 90")
    ]
    longitude: Annotated[
        float, Meta(ge=-180, le=180, description="decimal degrees from -180 to 180")
    ]
    time_zone: _Name = "UTC"
    """IANA name, such as Europe/Madrid."""
    hours: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=28,
            description="a list of lines such as `Mo-Fr 09:00-18:00`, or `24/7`",
        ),
    ] = ("Mo-Fr 09:00-18:00",)
    """When machines may run, in the site's own time."""
    opening_hours: Annotated[
        str, Meta(max_length=2_000, description="text of at most 2000 letters")
    ] = ""
    """As people read them; left out, they are `hours`."""
    grid_g_per_kwh: Annotated[
        int, Meta(ge=0, le=5_000, description="grams of CO₂ a kWh, from 0 to 5000")
    ] = 400
    """Grams of CO₂ for each kWh of the local grid."""
    ttl_s: _TtlS = 7_200
    """How long others believe the facility's description, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineConfig:
    """One table `[[machine]]`: a machine, or a bench where people work."""

    id: _Id
    """Unique within the facility."""
    name: _Name
    model: _Name = "unnamed"
    driver: Annotated[DriverName, Meta(description="one of simulated, manual")]
    """`simulated` only pretends; `manual` waits for a person to say a piece is done."""
    state: Annotated[State, Meta(description="one of idle, offline, drained")] = "idle"
    """How it is at the start."""
    process: Annotated[_Token, Meta(description="a process such as `3d-printing.fdm`")]
    materials: _Tokens = ()
    """What it can work."""
    size_mm: Annotated[
        tuple[_Mm, _Mm, _Mm],
        Meta(description="three numbers of millimetres, such as [250, 210, 220]"),
    ] = (1_000.0, 1_000.0, 1_000.0)
    """The largest piece it takes: x, y and z."""
    tolerance_mm: _Mm = 1.0
    """The accuracy that it holds."""
    thickness_mm: Annotated[
        _Mm | None, Meta(description="millimetres, more than 0")
    ] = None
    """The thickest sheet it takes; left out where that means nothing."""
    nozzles_mm: Annotated[
        tuple[_Mm, ...],
        Meta(max_length=8, description="a list of millimetres, such as [0.4]"),
    ] = ()
    skills: Annotated[
        tuple[_Token, ...],
        Meta(max_length=16, description="a list of at most 16 words such as `sewing`"),
    ] = ()
    """What the people who run it are trained in."""
    power_w: _Count = 0
    """Average power while it makes, in watts."""
    pace_permille: Annotated[
        int, Meta(ge=50, le=20_000, description="a whole number from 50 to 20000")
    ] = 1_000
    """1000 makes a piece in its reference time, 500 takes twice as long."""
    setup_s: _Count = 300
    """Seconds of getting ready, once for each lot."""
    time_factor: _Positive = 1
    """A simulated machine runs so many times faster than it says."""
    scrap_every: Annotated[
        _Positive | None, Meta(description="a whole number from 1 to 1000000")
    ] = None
    """A simulated machine spoils every so-manieth piece; left out, none."""
    journal: Annotated[Path | None, Meta(description="a file")] = None
    """Where a simulated machine writes down what it did, whatever its node knows."""
    driver_class: Annotated[DriverClass, Meta(description="one of A, B, C")] = "C"
    """What a simulated machine can say after a crash: A asks its controller, B scraps
    what was under way, C leaves it to a person."""
    memory: Annotated[Path | None, Meta(description="a file")] = None
    """Where a simulated machine of class A or B remembers its pieces, outside
    `data_dir`; it stands for the controller's own disk."""
    ttl_s: _TtlS = 7_200
    """How long others believe the machine's description and offers, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file."""

    node: NodeConfig
    listen: ListenConfig
    peers: PeersConfig
    trust: TrustConfig
    documents: DocumentsConfig
    facility: FacilityConfig
    machines: tuple[MachineConfig, ...]


T = TypeVar(
    "T",
    NodeConfig,
    ListenConfig,
    PeersConfig,
    TrustConfig,
    DocumentsConfig,
    FacilityConfig,
    MachineConfig,
)

TABLES: Final = (
    "node",
    "listen",
    "peers",
    "trust",
    "documents",
    "facility",
    "machine",
)


def load(path: Path) -> Config:
    """Return the configuration in a file, or raise InputError naming the key."""
    try:
        with path.open("rb") as file:
            raw = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    if len(raw) > CONFIG_BYTES_MAX:
        raise InputError(str(path), f"expected at most {CONFIG_BYTES_MAX} bytes")
    return parse(raw, path.resolve().parent)


def parse(raw: bytes, folder: Path) -> Config:
    """Return the configuration in TOML whose relative paths count from `folder`."""
    try:
        given: dict[str, object] = tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise InputError("config", f"not TOML: {error}") from error
    _check_known("", given, TABLES)
    config = Config(
        node=_table(NodeConfig, given, "node", folder),
        listen=_table(ListenConfig, given, "listen", folder),
        peers=_table(PeersConfig, given, "peers", folder),
        trust=_table(TrustConfig, given, "trust", folder),
        documents=_table(DocumentsConfig, given, "documents", folder),
        facility=_facility(_table(FacilityConfig, given, "facility", folder)),
        machines=_machines(given.get("machine", []), folder),
    )
    _check_addresses(config)
    proxies_in(config.listen.proxies)
    if config.peers.lan and not config.peers.allow_private:
        raise InputError("peers.lan", "needs peers.allow_private = true: a LAN is that")
    return config


def _machines(given: object, folder: Path) -> tuple[MachineConfig, ...]:
    if not isinstance(given, list) or len(given) > MACHINES_MAX:
        raise InputError("machine", f"expected at most {MACHINES_MAX} [[machine]]")
    machines: list[MachineConfig] = []
    for index, table in enumerate(given):
        at = f"machine[{index}]"
        machine = _read(MachineConfig, table, at, folder)
        if any(machine.id == other.id for other in machines):
            raise InputError(f"{at}.id", f"{machine.id!r} is there twice")
        _check_class(machine, at)
        machines.append(machine)
    return tuple(machines)


def _check_class(machine: MachineConfig, at: str) -> None:
    """Raise InputError where a machine cannot be of the class that it says."""
    if machine.driver != "simulated" and machine.driver_class != "C":
        expected = f"expected C of a {machine.driver} machine"
        raise InputError(f"{at}.driver_class", expected)
    if machine.memory is None and machine.driver_class != "C":
        expected = "expected C, or a file in `memory` for A and B"
        raise InputError(f"{at}.driver_class", expected)
    if machine.memory is not None and machine.driver_class == "C":
        raise InputError(f"{at}.memory", "expected driver_class A or B beside it")


def _facility(written: FacilityConfig) -> FacilityConfig:
    hours = written.opening_hours or "; ".join(written.hours)
    return replace(written, opening_hours=hours)


def _table(of: type[T], given: Mapping[str, object], at: str, folder: Path) -> T:
    return _read(of, given.get(at, {}), at, folder)


def _read(of: type[T], given: object, at: str, folder: Path) -> T:
    """Return one table, each key converted by itself so that errors can name it."""
    if not isinstance(given, Mapping):
        raise InputError(at, "expected a table of keys")
    known = {field.name: field for field in fields(of)}
    _check_known(f"{at}.", given, known)
    hints = get_type_hints(of, include_extras=True)
    values: dict[str, object] = {}
    for name, field in known.items():
        if name in given:
            values[name] = _value(hints[name], given[name], f"{at}.{name}", folder)
        elif field.default is MISSING:
            says = _expected(hints[name])
            raise InputError(f"{at}.{name}", f"is missing; expected {says}")
    return msgspec.convert(values, of, dec_hook=lambda _, path: path)


def _check_known(
    prefix: str,
    given: Mapping[str, object],
    known: Mapping[str, object] | tuple[str, ...],
) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1, cutoff=0)
            raise InputError(f"{prefix}{key}", f"no such key; the nearest is {near[0]}")


def _value(hint: object, given: object, at: str, folder: Path) -> object:
    def path(kind: type, written: object) -> Path:
        if kind is not Path or not isinstance(written, str) or not written:
            raise TypeError
        return folder / Path(written).expanduser()

    plain = _endpoint(given) if hint in (_Endpoint, _Public) else given
    if hint == _Public:
        plain = None if given == "none" else plain or ()
    try:
        return msgspec.convert(plain, hint, dec_hook=path)
    except (msgspec.ValidationError, TypeError) as error:
        got = str(given)[:60]
        raise InputError(at, f"expected {_expected(hint)}, got {got!r}") from error


def _endpoint(given: object) -> object:
    """Return host and port of `host:port` or `[v6]:port`; else what no rule takes."""
    if not isinstance(given, str):
        return None
    host, _, port = given.rpartition(":")
    sound = host and port.isascii() and port.isdecimal() and 1 <= int(port) <= 65_535
    return [host.removeprefix("[").removesuffix("]"), int(port)] if sound else None


def _expected(hint: object) -> str:
    for extra in get_args(hint)[1:]:
        if isinstance(extra, Meta) and extra.description:
            return extra.description
    return "something else"


def _check_addresses(config: Config) -> None:
    """Raise InputError unless each multiaddr can be dialled, by the peer it names."""
    for name, texts, named in (
        ("listen.addresses", config.listen.addresses, False),
        ("peers.dial", config.peers.dial, True),
    ):
        for index, text in enumerate(texts):
            at = f"{name}[{index}]"
            try:
                found = address.parse(text)
            except RemoteError as error:
                raise InputError(at, str(error)) from error
            if (found.peer is not None) != named:
                wanted = "with /p2p/ID" if named else "without /p2p"
                raise InputError(at, f"expected a multiaddr {wanted}")
