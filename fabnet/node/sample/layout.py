"""A throw-away cooperative of one node on loopback, as it lies on disk."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fabnet.errors import InputError
from fabnet.node import founding
from fabnet.node.clock import Clock
from fabnet.node.config import Config, parse
from fabnet.node.demo.layout import HOST, free_ports
from fabnet.node.keyring import Keyring
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey

NAME: Final = "Sample workshop"


@dataclass(frozen=True, slots=True)
class Sample:
    """A node that is ready to run."""

    config: Config
    peer: PeerId
    designer: SigningKey
    """Signs the grants of what it publishes."""

    @property
    def multiaddrs(self) -> list[str]:
        """Where it can be reached, with its id."""
        return [f"{text}/p2p/{self.peer}" for text in self.config.listen.addresses]

    @property
    def url(self) -> str:
        """The base URL of its public port."""
        listening = self.config.listen.public
        assert listening is not None, "laid out so"
        host, port = listening
        return f"http://{host}:{port}"


def check_port(port: int) -> None:
    """Raise InputError unless the port of loopback can be listened on now."""
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
    except OSError as error:
        raise InputError("--port", f"{port}: {error.strerror}") from error


def lay_out(folder: Path, port: int, clock: Clock) -> Sample:
    """Found the cooperative under `folder`; its node answers at a port of loopback."""
    now_ms = clock.now().moment_ms
    peer = Keyring.open(folder / "data", clock.token).node.public.peer
    steward, designer = (SigningKey.from_seed(clock.token(32)) for _ in range(2))
    charter = founding.cooperative(
        NAME,
        nodes=[peer],
        steward=steward,
        designers=[designer.public],
        moment_ms=now_ms,
    )
    policy = founding.policy(
        {}, founding.id_of(charter), steward=steward, moment_ms=now_ms
    )
    founding.write(folder / founding.CHARTER_FILE, charter)
    founding.write(folder / founding.POLICY_FILE, policy)
    (operator,) = free_ports(1)
    tables: dict[str, founding.Toml] = {
        "node": {"name": NAME, "network": "sample", "data_dir": "data"},
        "listen": {
            "public": f"{HOST}:{port}",
            "operator": f"{HOST}:{operator}",
            # A client may call loopback by either name, and signs the one it used.
            "addresses": [
                f"/ip4/{HOST}/tcp/{port}/http",
                f"/dns4/localhost/tcp/{port}/http",
            ],
        },
        "peers": {"allow_private": True},
        "documents": {
            "charter": founding.CHARTER_FILE,
            "policy": founding.POLICY_FILE,
        },
        "facility": {"id": "sample", "name": NAME, "latitude": 0.0, "longitude": 0.0},
    }
    config = parse(founding.config_toml(tables), folder)
    return Sample(config, peer, designer)
