"""A node behind TLS and HTTP/2 is met like any other: logins, links, whole designs.

Each proxy runs as deploy/ configures it, and a counter stands between it and the node.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import ssl
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import unused_port

from fabnet.node import founding
from fabnet.node.api.answers import NewBearer
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.api.peers.answers import Peers
from fabnet.node.cli.main import main
from fabnet.node.client import Client
from fabnet.node.clock import StillClock, SystemClock
from fabnet.node.demo.layout import free_ports
from fabnet.node.keyring import ONE_TIME_FILE, Keyring, read_secret
from fabnet.node.links import auth_http
from fabnet.node.links.guard import client_session
from fabnet.node.links.limits.proxies import FORWARDED
from fabnet.node.publishing.progress import Progress
from fabnet.node.publishing.sending import send
from fabnet.node.sample.drafting import draft_folder
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey
from tests.certificates import certificate_for
from tests.real.conftest import Npm, installed
from tests.real.proxy.gates import NAME, Kind, gate, kept, program
from tests.real.proxy.running import Between, Started, between, started

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

WIRE = Path(__file__).parents[1] / "npm-wire"
H2 = Path(__file__).with_name("h2.mjs")
MIB = 1 << 20
BIG = 48 * MIB
STEP_S = 60
GUEST = SigningKey.from_seed(bytes([7]) * 32)


@dataclass(frozen=True, slots=True)
class Site:
    """A node behind a proxy, with a design that anyone may fetch."""

    kind: Kind
    folder: Path
    peer: PeerId
    port: int
    """Of the proxy, at loopback."""
    plain: int
    """Of the node itself."""
    api: str
    design: str
    """The CID of its folder."""
    seen: Between
    gate: Started

    @property
    def host(self) -> str:
        """The Host header that is signed."""
        return f"{NAME}:{self.port}"

    @property
    def multiaddr(self) -> str:
        """As the node announces itself."""
        return f"/dns4/{NAME}/tcp/{self.port}/tls/http/p2p/{self.peer}"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    @property
    def car(self) -> str:
        """The path of all that the design holds."""
        return f"/ipfs/{self.design}?format=car"


def founded(folder: Path, *words: str, **tables: founding.Toml) -> PeerId:
    """Found a node as its operator would, and return who it is."""
    place = ("--name", folder.name, "--latitude", "32.4", "--longitude", "-90.1")
    assert main(["init", str(folder), *place, *words]) == 0
    config = folder / "config.toml"
    written = {**tomllib.loads(config.read_text("utf-8")), **tables}
    config.write_bytes(founding.config_toml(written))
    return Keyring.open(folder / "data", bytes).node.public.peer


def runs(folder: Path) -> tuple[str, ...]:
    return sys.executable, "-m", "fabnet", "run", str(folder / "config.toml")


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(STEP_S):
        while not await holds():
            await asyncio.sleep(0.05)


async def publish(folder: Path, api: str) -> str:
    """Publish a folder with one long file; return its CID."""
    shown = folder / "shown"
    shown.mkdir()
    with (shown / "long.bin").open("wb") as file:
        for number in range(BIG // MIB):
            file.write(number.to_bytes(4) * (MIB // 4))
    designer = SigningKey.from_pem(read_secret(folder / "keys" / "designer.pem"))
    moment_ms = SystemClock().now().moment_ms
    draft = await asyncio.to_thread(draft_folder, shown, designer, moment_ms)
    one_time = folder / "data" / ONE_TIME_FILE

    async def is_there() -> bool:
        return one_time.exists() and bool(one_time.read_text())

    await until(is_there)
    async with Client(api) as client:
        first = FirstOperator(one_time.read_text().strip(), "operator")
        token = (await client.post("/v1/operators", first, NewBearer)).token
    async with Client(api, token) as client:
        asked = NewToken("designer", "designer")
        token = (await client.post("/v1/tokens", asked, NewBearer)).token
    async with Client(api, token) as client:
        await send(client, draft, Progress(sys.stderr))
    return draft.folder


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["nginx", "caddy"])
async def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """Start a node, publish a design, and start a proxy before it."""
    kind: Kind = request.param
    await asyncio.to_thread(program, kind)
    home = tmp_path_factory.mktemp(kind)
    folder = home / "jackson"
    plain, operator, port, middle = free_ports(4)
    peer = founded(
        folder, "--public", f"127.0.0.1:{plain}", "--operator", f"127.0.0.1:{operator}",
        "--address", f"/dns4/{NAME}/tcp/{port}/tls/http",
    )  # fmt: skip
    certificate, key = certificate_for(NAME)
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    api = f"http://127.0.0.1:{operator}"
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(
            started(runs(folder), folder / "node.log", {})
        )
        await node.listens(operator)
        design = await publish(folder, api)
        seen = await stack.enter_async_context(between(middle, plain))
        before = await stack.enter_async_context(gate(kind, port, middle, folder))
        found = Site(kind, folder, peer, port, plain, api, design, seen, before)
        await until(lambda: is_served(found))
        yield found


async def is_served(site: Site) -> bool:
    url = f"http://127.0.0.1:{site.plain}{site.car}"
    async with aiohttp.ClientSession() as session, session.head(url) as reply:
        return reply.status == 200


@pytest.fixture(scope="module")
def js() -> Npm:
    return installed(WIRE)


async def whole(url: str, trusted: ssl.SSLContext | bool = True) -> tuple[int, str]:
    """Return how long an answer is, and its hash."""
    hashed, size = hashlib.sha256(), 0
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, ssl=trusted) as reply,
    ):
        assert reply.status == 200
        async for piece in reply.content.iter_any():
            hashed.update(piece)
            size += len(piece)
    return size, hashed.hexdigest()


# ------------------------------------------------------------------ logins and links


async def test_js_logs_in_through_it_by_either_handshake(
    site: Site, js: Npm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(site.certificate))
    words = (f"https://{site.host}", site.multiaddr)
    found = json.loads(await asyncio.to_thread(js.run, "auth.mjs", *words))

    assert found["clientFirst"] == [401, 204, 204, site.peer]
    assert found["serverFirst"] == [401, 204, 204, site.peer]
    assert found["forgedBearer"] == 401
    assert found["otherHost"] == "InvalidSignatureError"
    assert found["preflight"] == 204
    assert found["whole"] == [204, site.peer, site.peer]


async def test_a_node_logs_in_through_it_and_another_name_gets_no_challenge(
    site: Site,
) -> None:
    async with client_session(True, trusted=site.trusted) as session:
        login = await auth_http.login(
            session, f"https://{site.host}", site.host, GUEST, site.peer,
            now_ms=lambda: 0, token=StillClock().token,
        )  # fmt: skip
        url = f"https://{site.host}{auth_http.AUTH_PATH}"
        bearer = {"Authorization": login.bearer}
        async with session.get(url, headers=bearer) as reply:
            assert reply.status == 204
        for host in ("evil.example", NAME):
            # The right name of TLS, and another Host: without the port it is another.
            said = {**bearer, "Host": host}
            async with session.get(url, headers=said, server_hostname=NAME) as reply:
                assert reply.status != 204
                assert "WWW-Authenticate" not in reply.headers
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url, server_hostname="evil.example")


async def test_a_node_behind_a_router_holds_a_link_through_it(
    site: Site, tmp_path: Path
) -> None:
    """By a number, with the name to prove beside it."""
    way = f"/ip4/127.0.0.1/tcp/{site.port}/tls/sni/{NAME}/ws/p2p/{site.peer}"
    operator = unused_port()
    folder = tmp_path / "barcelona"
    guest = founded(
        folder,
        listen={"public": "none", "operator": f"127.0.0.1:{operator}"},
        peers={"dial": [way], "allow_private": True},
    )
    trusts = {"SSL_CERT_FILE": str(site.certificate)}
    async with (
        started(runs(folder), folder / "node.log", trusts),
        Client(site.api) as ours,
    ):

        async def is_linked() -> bool:
            peers = (await ours.get("/v1/peers", Peers)).peers
            return any(it.peer == guest and it.link == "theirs" for it in peers)

        await until(is_linked)


async def test_the_node_hears_whom_the_proxy_heard_and_no_other(site: Site) -> None:
    connector = aiohttp.TCPConnector(local_addr=("127.0.5.5", 0))
    made_up = [(FORWARDED, "203.0.113.9"), (FORWARDED, "127.0.0.1")]
    async with aiohttp.ClientSession(connector=connector, headers=made_up) as session:
        url = f"https://{site.host}{auth_http.AUTH_PATH}"
        async with session.get(url, ssl=site.trusted) as reply:
            assert reply.status == 401
    head = site.seen.last_head()
    said = [line for line in head if line.startswith(FORWARDED.lower())]
    assert said == [f"{FORWARDED.lower()}: 127.0.5.5"]
    assert f"host: {site.host}" in head


# ------------------------------------------------------------------ whole designs


async def test_a_design_comes_by_http_2_as_fast_as_it_is_read_and_no_faster(
    site: Site, js: Npm
) -> None:
    direct = await whole(f"http://127.0.0.1:{site.plain}{site.car}")
    began = await site.seen.rests()
    words = (str(site.port), NAME, str(site.certificate), site.car, str(MIB))
    reader = await asyncio.create_subprocess_exec(
        str(js.tools / "node"), str(H2), *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )  # fmt: skip
    assert reader.stdout is not None
    assert reader.stdin is not None
    halted = json.loads(await reader.stdout.readline())
    sent = await site.seen.rests() - began
    reader.stdin.write(b"go on\n")
    ended = json.loads(await reader.stdout.readline())
    assert await reader.wait() == 0

    assert (halted["protocol"], halted["status"]) == ("h2", 200)
    assert halted["type"].startswith("application/vnd.ipld.car")
    assert (ended["bytes"], ended["sha256"]) == direct
    assert direct[0] > BIG
    # What is not read stands in the buffers of two sockets, and nowhere else.
    assert halted["bytes"] <= sent < BIG // 2
    assert not kept(site.folder)


async def test_a_design_comes_by_http_1_too(site: Site) -> None:
    direct = await whole(f"http://127.0.0.1:{site.plain}{site.car}")
    assert await whole(f"https://{site.host}{site.car}", site.trusted) == direct
    assert not kept(site.folder)
