"""`fabnet invite` and `fabnet join`, as people type them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from fabnet.node.cli.main import main
from fabnet.node.clock import SystemClock
from fabnet.node.config import load
from fabnet.node.demo.layout import free_ports
from fabnet.node.joining.invitation import Invitation, read_line, write_line
from fabnet.node.keyring import Keyring
from fabnet.node.links.auth_http import install
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.protocol.address import parse
from fabnet.records.keys import SigningKey

Capture = pytest.CaptureFixture[str]
PLACE = ("--latitude", "32.3", "--longitude", "-90.2", "--name")


def founded(folder: Path, name: str, *more: str) -> Path:
    """Found a cooperative as `fabnet init` does; return its configuration."""
    assert main(["init", str(folder), *PLACE, name, *more]) == 0
    return folder / "config.toml"


def invited(config: Path, capsys: Capture, *more: str) -> str:
    capsys.readouterr()
    assert main(["invite", str(config), "--plain", *more]) == 0
    return capsys.readouterr().out.strip()


@contextmanager
def answering(key: SigningKey, port: int) -> Iterator[None]:
    """Answer logins at a port, in a thread of its own, as a node does."""
    clock, stop, ready = SystemClock(), threading.Event(), threading.Event()

    async def serve() -> None:
        app = web.Application()
        hosts = frozenset({f"127.0.0.1:{port}"})
        install(
            app,
            ServerAuth(key, hosts, bytes(32), lambda: clock.now().tick_ms, clock.token),
        )
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ready.set()
        while not stop.is_set():
            await asyncio.sleep(0.02)
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        stop.set()
        thread.join()


def test_a_line_leads_from_one_configuration_into_another(
    tmp_path: Path, capsys: Capture
) -> None:
    (port,) = free_ports(1)
    at = f"/ip4/127.0.0.1/tcp/{port}/http"
    mill = founded(tmp_path / "mill", "The Mill", "--address", at)
    loom = founded(tmp_path / "loom", "The Loom")
    loom.write_text(
        loom.read_text(encoding="utf-8")
        + "\n# On our own network:\n[peers]\nallow_private = true\n",
        encoding="utf-8",
    )
    line = invited(mill, capsys)
    key = Keyring.open(tmp_path / "mill/data", bytes).node

    with answering(key, port):
        assert main(["join", line, "--config", str(loom)]) == 0
        told = capsys.readouterr().out
        assert main(["join", line.lower(), "--config", str(loom)]) == 0
        again = capsys.readouterr().out

    assert load(loom).peers.dial == (f"{at}/p2p/{key.public.peer}",)
    assert "# On our own network:" in loom.read_text(encoding="utf-8")
    assert "a stranger to them" in told
    assert "sha256:" in told, "it says which charter is to be signed for"
    assert "It was all there already." in again


def test_who_answers_with_another_key_is_not_joined(
    tmp_path: Path, capsys: Capture
) -> None:
    (port,) = free_ports(1)
    at = f"/ip4/127.0.0.1/tcp/{port}/http"
    mill = founded(tmp_path / "mill", "The Mill", "--address", at)
    loom = founded(tmp_path / "loom", "The Loom")
    text = loom.read_text(encoding="utf-8") + "\n[peers]\nallow_private = true\n"
    loom.write_text(text, encoding="utf-8")
    line = invited(mill, capsys)

    with answering(SigningKey.from_seed(b"mallory".ljust(32)), port):
        assert main(["join", line, "--config", str(loom)]) == 1

    assert "nothing was written" in capsys.readouterr().err
    assert loom.read_text(encoding="utf-8") == text


def test_an_address_of_somebodys_lan_is_told_and_not_dialled(
    tmp_path: Path, capsys: Capture
) -> None:
    mill = founded(
        tmp_path / "mill", "Mill", "--address", "/ip4/127.0.0.1/tcp/9999/http"
    )
    loom = founded(tmp_path / "loom", "The Loom")
    line = invited(mill, capsys)

    assert main(["join", line, "--config", str(loom)]) == 1
    assert "allow_private is off" in capsys.readouterr().err

    assert main(["join", line, "--config", str(loom), "--unheard"]) == 0
    assert load(loom).peers.dial


def test_a_node_without_an_address_invites_to_whom_it_dials(
    tmp_path: Path, capsys: Capture
) -> None:
    loom = founded(tmp_path / "loom", "The Loom")
    capsys.readouterr()
    assert main(["invite", str(loom)]) == 1
    assert "nobody could come by such an invitation" in capsys.readouterr().err

    hub = SigningKey.from_seed(b"hub".ljust(32)).public.peer
    at = "/dns4/hub.example.org/tcp/443/tls/http"
    line = write_line(Invitation("fabcity", hub, (parse(at),), ()))
    assert main(["join", line, "--config", str(loom), "--unheard"]) == 0

    found = read_line(invited(loom, capsys))
    assert found.dials == (f"{at}/p2p/{hub}",)


@pytest.mark.parametrize(
    ("network", "field"), [("elsewhere", "node.network"), ("fabcity", "LINE")]
)
def test_another_network_and_oneself_are_no_place_to_join(
    tmp_path: Path, capsys: Capture, network: str, field: str
) -> None:
    loom = founded(tmp_path / "loom", "The Loom", "--address", "/dns4/x.org/https")
    ours = Keyring.open(tmp_path / "loom/data", bytes).node.public.peer
    line = write_line(Invitation(network, ours, (parse("/dns4/x.org/https"),), ()))
    capsys.readouterr()

    assert main(["join", line, "--config", str(loom)]) == 1
    assert capsys.readouterr().err.startswith(f"fabnet join: {field}: ")


def test_a_line_that_was_miscopied_is_told(tmp_path: Path, capsys: Capture) -> None:
    loom = founded(tmp_path / "loom", "The Loom")
    capsys.readouterr()

    assert main(["join", "FABNET1:ABC", "--config", str(loom)]) == 1
    assert "LINE: invitation: " in capsys.readouterr().err


def test_an_invitation_is_also_a_picture_and_a_program_s(
    tmp_path: Path, capsys: Capture
) -> None:
    mill = founded(tmp_path / "mill", "Mill", "--address", "/dns4/mill.org/https")
    picture = tmp_path / "mill.svg"
    capsys.readouterr()

    assert main(["invite", str(mill), "--svg", str(picture)]) == 0
    *code, line = capsys.readouterr().out.splitlines()
    assert main(["invite", str(mill), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)

    assert len(code) > 20
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert said["line"] == line
    assert said["dial"] == list(read_line(line).dials)
