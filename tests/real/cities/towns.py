"""Five cooperatives with two simulated printers each, laid out on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fabnet.node import founding
from fabnet.node.clock import Clock
from fabnet.node.founding import Toml
from fabnet.node.keyring import Keyring, signing_key
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.keys import SigningKey

NETWORK: Final = "fabcity-faults"
BALLAST_MIB: Final = 4
"""Small, as the disk is: a node begins nothing new unless four of it fit beside it."""
QUORUM: Final = 2
PUBLIC_PORT, OPERATOR_PORT = 8101, 8102
POLICY: Final[dict[str, object]] = {"roundS": 1, "holdS": 30}
"""What the cooperatives voted other than the defaults: a test has no minutes."""
TOWNS: Final = {
    "jackson": (32.2988, -90.1848),
    "detroit": (42.3314, -83.0458),
    "barcelona": (41.3874, 2.1686),
    "porto": (41.1579, -8.6291),
    "nairobi": (-1.2921, 36.8219),
}
SCRAP_EVERY: Final = {"printer-1": 4, "printer-2": None}
"""The first printer of each workshop spoils every fourth piece."""


@dataclass(frozen=True, slots=True)
class Town:
    """One node, as it lies on disk."""

    name: str
    folder: Path
    address: str
    """Its IPv4 address; it has a network of its own."""
    peer: PeerId
    charter: CharterId

    @property
    def config(self) -> Path:
        return self.folder / founding.CONFIG_FILE

    @property
    def data(self) -> Path:
        """Its data directory, a small disk of its own."""
        return self.folder / "data"

    @property
    def database(self) -> Path:
        return self.data / "fabnet.db"

    @property
    def gone(self) -> Path:
        """Names of records and lots that went with a lost disk, one a line."""
        return self.folder / "gone.txt"

    @property
    def journal(self) -> Path:
        """What its machines physically did: not on the node's disk."""
        return self.folder / "bench.jsonl"

    @property
    def clock(self) -> Path:
        """How far its wall clock is off, as libfaketime reads it."""
        return self.folder / "clock"

    @property
    def log(self) -> Path:
        return self.folder / "node.log"

    @property
    def designer_key(self) -> Path:
        return self.folder / "keys" / "designer.pem"

    @property
    def api(self) -> str:
        return f"http://{self.address}:{OPERATOR_PORT}"

    @property
    def multiaddr(self) -> str:
        return f"/ip4/{self.address}/tcp/{PUBLIC_PORT}/http"


def lay_out(
    folder: Path,
    addresses: Sequence[str],
    clock: Clock,
    names: Sequence[str] = tuple(TOWNS),
) -> list[Town]:
    """Found the cooperatives and their federation; each town has its `data` already."""
    now_ms = clock.now().moment_ms
    quorum = min(QUORUM, len(names) - 1)
    places = zip(names, addresses, strict=True)
    found = [_found(folder / name, at, clock.token, now_ms) for name, at in places]
    towns = [town for town, _, _ in found]
    stewards = {town.name: steward for town, steward, _ in found}
    seats = [(town.charter, stewards[town.name]) for town in towns]
    federation = founding.federation(
        "Federation of Five Cities", seats, membership_quorum=quorum, moment_ms=now_ms
    )
    for town, steward, charter in found:
        others = [stewards[other.name] for other in towns if other is not town]
        membership = founding.membership(
            town.charter,
            founding.id_of(federation),
            actor_type="worker_coop",
            facts=("worker_owned", "surplus_to_worker_owners"),
            stewards=others[:quorum],
            moment_ms=now_ms,
        )
        policy = founding.policy(
            POLICY, town.charter, steward=steward, moment_ms=now_ms
        )
        tables = _tables(town, towns, founding.id_of(federation))
        documents = {
            founding.CHARTER_FILE: charter,
            founding.FEDERATION_FILE: federation,
            founding.MEMBERSHIP_FILE: membership,
            founding.POLICY_FILE: policy,
            founding.CONFIG_FILE: founding.config_toml(tables),
        }
        for name, content in documents.items():
            founding.write(town.folder / name, content)
    return towns


def _found(
    folder: Path, address: str, dice: Callable[[int], bytes], now_ms: int
) -> tuple[Town, SigningKey, bytes]:
    peer = Keyring.open(folder / "data", dice).node.public.peer
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    steward = signing_key(keys / "steward.pem", dice)
    charter = founding.cooperative(
        f"Cooperative of {folder.name}",
        nodes=[peer],
        steward=steward,
        operators=[signing_key(keys / "operator.pem", dice).public],
        designers=[signing_key(keys / "designer.pem", dice).public],
        moment_ms=now_ms,
    )
    town = Town(folder.name, folder, address, peer, founding.id_of(charter))
    return town, steward, charter


def _tables(
    town: Town, towns: Sequence[Town], federation: CharterId
) -> Mapping[str, Toml]:
    """Return the configuration; each node calls on all others."""
    latitude, longitude = TOWNS[town.name]
    others = [other for other in towns if other is not town]
    dial: list[Toml] = [f"{other.multiaddr}/p2p/{other.peer}" for other in others]
    return {
        "node": {
            "name": town.name,
            "network": NETWORK,
            "data_dir": "data",
            "ballast_mib": BALLAST_MIB,
        },
        "listen": {
            "public": f"{town.address}:{PUBLIC_PORT}",
            "operator": f"{town.address}:{OPERATOR_PORT}",
            "addresses": [town.multiaddr],
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
            "id": town.name,
            "name": f"Workshop of {town.name}",
            "latitude": latitude,
            "longitude": longitude,
            "hours": ["Mo-Su 00:00-24:00"],
        },
        "machine": [_printer(town, id_) for id_ in SCRAP_EVERY],
    }


def _printer(town: Town, id_: str) -> dict[str, Toml]:
    every = SCRAP_EVERY[id_]
    return {
        "id": id_,
        "name": f"{id_} of {town.name}",
        "process": "3d-printing.fdm",
        "driver": "simulated",
        "materials": ["petg", "pla"],
        "size_mm": [250, 210, 220],
        "tolerance_mm": 0.2,
        "nozzles_mm": [0.4],
        "power_w": 120,
        "setup_s": 1,
        "journal": str(town.journal),
        **({} if every is None else {"scrap_every": every}),
    }
