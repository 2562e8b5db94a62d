"""Lays out three nodes on disk: keys, signed documents, configurations."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fabnet.node import founding
from fabnet.node.clock import Clock
from fabnet.node.demo.cities import (
    CITIES,
    FEDERATION,
    MEMBERSHIP_QUORUM,
    NETWORK,
    POLICY,
    City,
)
from fabnet.node.founding import Toml
from fabnet.node.keyring import Keyring, signing_key
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.keys import SigningKey

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Site:
    """One city's node, as it lies on disk."""

    city: City
    folder: Path
    peer: PeerId
    charter: CharterId
    public: str
    """Base URL of its public listener."""
    operator: str
    """Base URL of its operator's listener: API and pages."""

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / founding.CONFIG_FILE

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    @property
    def designer_key(self) -> Path:
        """The key by which its designer signs grants."""
        return self.folder / "keys" / "designer.pem"

    @property
    def log(self) -> Path:
        """What the node prints."""
        return self.folder / "node.log"


@dataclass(frozen=True, slots=True)
class _Founded:
    """A cooperative with its steward's key in hand."""

    city: City
    folder: Path
    peer: PeerId
    steward: SigningKey
    charter: bytes

    @property
    def id(self) -> CharterId:
        """The charter's id."""
        return founding.id_of(self.charter)


def lay_out(folder: Path, clock: Clock) -> tuple[Site, ...]:
    """Found three cooperatives and their federation under `folder`."""
    now_ms = clock.now().moment_ms
    founded = [_found(city, folder / city.id, clock.token, now_ms) for city in CITIES]
    seats = [(each.id, each.steward) for each in founded]
    federation = founding.federation(
        FEDERATION, seats, membership_quorum=MEMBERSHIP_QUORUM, moment_ms=now_ms
    )
    ports = free_ports(2 * len(founded))
    pairs = list(zip(ports[::2], ports[1::2], strict=True))
    sites: list[Site] = []
    for each, (public, operator) in zip(founded, pairs, strict=True):
        _sign(each, founded, federation, now_ms)
        tables = _tables(each, founding.id_of(federation), public, operator, sites)
        founding.write(each.folder / founding.CONFIG_FILE, founding.config_toml(tables))
        sites.append(
            Site(
                each.city,
                each.folder,
                each.peer,
                each.id,
                f"http://{HOST}:{public}",
                f"http://{HOST}:{operator}",
            )
        )
    return tuple(sites)


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on now."""
    with ExitStack() as held:
        ports: list[int] = []
        for _ in range(count):
            listener = held.enter_context(socket.socket())
            listener.bind((HOST, 0))
            ports.append(listener.getsockname()[1])
        return ports


def _found(
    city: City, folder: Path, dice: Callable[[int], bytes], now_ms: int
) -> _Founded:
    peer = Keyring.open(folder / "data", dice).node.public.peer
    people = folder / "keys"
    people.mkdir(mode=0o700, parents=True, exist_ok=True)
    steward = signing_key(people / "steward.pem", dice)
    charter = founding.cooperative(
        city.name,
        nodes=[peer],
        steward=steward,
        operators=[signing_key(people / "operator.pem", dice).public],
        designers=[signing_key(people / "designer.pem", dice).public],
        moment_ms=now_ms,
    )
    return _Founded(city, folder, peer, steward, charter)


def _sign(
    member: _Founded, founded: Sequence[_Founded], federation: bytes, now_ms: int
) -> None:
    """Write a member's documents; two others vouch for it."""
    others = [each.steward for each in founded if each is not member]
    membership = founding.membership(
        member.id,
        founding.id_of(federation),
        actor_type=member.city.actor_type,
        facts=member.city.facts,
        stewards=others[:MEMBERSHIP_QUORUM],
        moment_ms=now_ms,
    )
    policy = founding.policy(
        POLICY, member.id, steward=member.steward, moment_ms=now_ms
    )
    documents = {
        founding.CHARTER_FILE: member.charter,
        founding.FEDERATION_FILE: federation,
        founding.MEMBERSHIP_FILE: membership,
        founding.POLICY_FILE: policy,
    }
    for name, content in documents.items():
        founding.write(member.folder / name, content)


def _tables(
    each: _Founded,
    federation: CharterId,
    public: int,
    operator: int,
    before: Sequence[Site],
) -> Mapping[str, Toml]:
    """Return the configuration; each node calls on those founded before it."""
    city = each.city
    dial: list[Toml] = [
        f"{_multiaddr(int(site.public.rpartition(':')[2]))}/p2p/{site.peer}"
        for site in before
    ]
    return {
        "node": {"name": city.name, "network": NETWORK, "data_dir": "data"},
        "listen": {
            "public": f"{HOST}:{public}",
            "operator": f"{HOST}:{operator}",
            "addresses": [_multiaddr(public)],
        },
        "peers": {"dial": dial, "allow_private": True},
        "trust": {"federations": [federation]},
        "documents": {
            "charter": founding.CHARTER_FILE,
            "federations": [founding.FEDERATION_FILE],
            "memberships": [founding.MEMBERSHIP_FILE],
            "policy": founding.POLICY_FILE,
        },
        "facility": {
            "id": city.id,
            "name": city.name,
            "latitude": city.latitude,
            "longitude": city.longitude,
            "time_zone": city.time_zone,
            "hours": ["Mo-Su 00:00-24:00"],
            "grid_g_per_kwh": city.grid_g_per_kwh,
        },
        "machine": [*city.machines],
    }


def _multiaddr(port: int) -> str:
    return f"/ip4/{HOST}/tcp/{port}/http"
