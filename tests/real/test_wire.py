"""Clients that nobody here wrote find, fetch and check what a node serves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from fabnet.errors import SignatureError
from fabnet.node.links import auth_http
from fabnet.node.links.guard import client_session
from fabnet.protocol import address
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey
from fabnet.records.peer_record import seal_peer_record
from tests.house.tree import ROOT
from tests.node.auth_pair import SERVER, Clock, client_key
from tests.real.conftest import Npm, installed

pytestmark = pytest.mark.real

SCRIPTS = Path(__file__).with_name("npm-wire")
MIB = 1 << 20
TREE = {
    "empty": b"",
    "one byte": b"1",
    "one leaf.bin": bytes(range(256)) * (MIB // 256),
    "peçes/two leaves.bin": bytes(range(256)) * (MIB // 256) + b"!",
    "peçes/κύβος/日本語.txt": b"Fets a Barcelona.\n",
    "long.bin": b"".join(n.to_bytes(4) for n in range(9 * MIB // 4)),
}
UNKNOWN = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
"""Of `hello world`, which nobody published."""
FORMS = (
    "/ip4/192.0.2.7/tcp/8101/http",
    "/ip6/2001:db8::1/tcp/8101/http",
    "/dns4/host.example/tcp/443/tls/http",
    "/dns6/host.example/tcp/443/tls/http",
    "/dns/host.example/tcp/443/https",
    "/dns/host.example/https",
    "/ip4/192.0.2.7/tcp/443/tls/sni/host.example/http",
    "/dns4/host.example/tcp/80/ws",
    f"/dns4/host.example/tcp/443/tls/ws/p2p/{SERVER}",
    f"/dns4/host.example/tcp/443/tls/http/p2p/{SERVER}",
)


@dataclass(frozen=True)
class Served:
    """A sample node that is running."""

    url: str
    multiaddr: str
    peer: str
    folder: str
    files: dict[str, str]
    """The CID of each file, by its path."""


@pytest.fixture(scope="module")
def js() -> Npm:
    """Return what runs our scripts beside the clients, installed as their lock says."""
    return installed(SCRIPTS)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run `fabnet serve-sample` over TREE until the tests are done."""
    root = tmp_path_factory.mktemp("served") / "tree"
    for path, content in TREE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    words = ("-m", "fabnet", "serve-sample", "--port", str(unused_port()), str(root))
    with subprocess.Popen(
        (sys.executable, *words),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as running:
        assert running.stdout is not None
        try:
            told = json.loads(running.stdout.readline())
            folder = told["folders"][0]
            yield Served(
                told["url"],
                told["multiaddrs"][0],
                told["peer"],
                folder["cid"],
                {file["path"]: file["cid"] for file in folder["files"]},
            )
        finally:
            running.terminate()
            assert running.wait(20) == 0


def test_js_logs_in_by_either_handshake_and_reads_the_well_known_map(
    js: Npm, node: Served
) -> None:
    found = json.loads(js.run("auth.mjs", node.url, node.multiaddr))

    assert found["clientFirst"] == [401, 204, 204, node.peer]
    assert found["serverFirst"] == [401, 204, 204, node.peer]
    assert found["forgedBearer"] == 401
    assert found["otherHost"] == "InvalidSignatureError"
    assert found["preflight"] == 204
    assert found["whole"] == [204, node.peer, node.peer]
    flat = {name: at for name, at in found["wellKnown"].items() if name != "protocols"}
    assert flat == found["wellKnown"]["protocols"]
    # As go reads it: a map from each name to an object with a path, and one key that
    # has none, which its decoder leaves empty.
    assert all(set(at) == {"path"} for at in flat.values())
    assert flat["/http-peer-id-auth/1.0.0"] == {"path": "/fabnet/auth"}


@pytest.mark.asyncio
async def test_our_client_logs_in_at_a_js_server_and_finds_out_a_wrong_one(
    js: Npm,
) -> None:
    running = await asyncio.create_subprocess_exec(
        str(js.tools / "node"),
        "server.mjs",
        cwd=js.folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stdin is not None
    told = json.loads(await running.stdout.readline())
    host = f"127.0.0.1:{told['port']}"
    try:
        async with client_session(True) as session:
            login = await _log_in(session, host, PeerId(told["peer"]))
            url = f"http://{host}/"
            shown = {"Authorization": login.bearer}
            async with session.get(url, headers=shown) as reply:
                us = client_key.public.peer
                assert (reply.status, await reply.text()) == (200, us)
            with pytest.raises(SignatureError):
                await _log_in(session, host, SERVER)
    finally:
        running.stdin.close()
        await running.wait()


async def _log_in(
    session: aiohttp.ClientSession, host: str, expected: PeerId
) -> auth_http.Login:
    clock = Clock()
    return await auth_http.login(
        session, f"http://{host}", host, client_key, expected,
        now_ms=clock.read, token=clock.token,
    )  # fmt: skip


def test_peer_records_and_addresses_are_the_bytes_that_js_makes(js: Npm) -> None:
    seed = bytes(range(32))
    listed = [address.to_bytes(address.parse(text)) for text in FORMS]
    key = SigningKey.from_seed(seed)
    ours = seal_peer_record(key, 1_570_215_229, listed)
    asked = {
        "seed": seed.hex(),
        "seq": 1_570_215_229,
        "addresses": FORMS,
        "ours": ours.hex(),
    }

    found = json.loads(js.run("records.mjs", stdin=json.dumps(asked)))

    assert found["theirs"] == ours.hex()
    assert found["bytes"] == [binary.hex() for binary in listed]
    assert found["read"] == [key.public.peer, 1_570_215_229, found["texts"]]
    for text, theirs in zip(FORMS, found["texts"], strict=True):
        assert address.parse(theirs) == address.parse(text)


def test_helia_finds_a_design_through_the_node_and_fetches_every_byte(
    js: Npm, node: Served
) -> None:
    found = json.loads(js.run("helia.mjs", node.url, node.folder, "long.bin"))

    whole = {path: hashlib.sha256(it).hexdigest() for path, it in TREE.items()}
    assert found["found"] == whole
    assert found["fetched"] == {path: [200, it] for path, it in whole.items()}
    stretch = TREE["long.bin"][1_048_570:1_048_586].hex()
    assert found["part"] == [206, stretch]


def test_routing_tells_who_has_it_as_the_filters_say(js: Npm, node: Served) -> None:
    words = (node.url, node.files["long.bin"], UNKNOWN, node.peer)
    found = json.loads(js.run("routing.mjs", *words))

    ((_, addrs, protocols),) = found["providers"]
    assert addrs[0] == node.multiaddr.removesuffix(f"/p2p/{node.peer}")
    assert protocols == ["transport-ipfs-gateway-http"]
    assert found["peer"] == found["byGateway"] == found["providers"]
    assert [each[1] for each in found["byIp4"]] == [addrs[:1]]
    assert [each[1] for each in found["notIp4"]] == [addrs[1:]]
    for empty in ("byBitswap", "byQuic", "unknown", "stranger"):
        assert found[empty] == [], empty


def test_cars_hold_what_was_asked_for_and_no_more(js: Npm, node: Served) -> None:
    at = f"{node.url}/ipfs/{node.folder}"
    parts = quote("peçes/κύβος/日本語.txt")
    urls = [
        f"{at}?format=car",
        f"{at}?format=car&dag-scope=entity",
        f"{at}/{parts}?format=car",
        f"{at}/long.bin?format=car&dag-scope=block",
        f"{at}/long.bin?format=car&entity-bytes=1048570:1048585",
        f"{at}/long.bin?format=car&entity-bytes=-1:*",
    ]
    whole, entity, text, block, stretch, end = json.loads(js.run("car.mjs", *urls))

    assert whole["roots"] == [node.folder]
    leaves = {node.files[path] for path, it in TREE.items() if len(it) <= MIB}
    assert leaves < set(whole["cids"])
    # Nine leaves of the long file, two of the other, a node over each, two folders.
    assert len(set(whole["cids"])) == len(whole["cids"])
    assert entity["cids"] == [node.folder]
    assert (text["cids"][0], text["cids"][-1], len(text["cids"])) == (
        node.folder,
        node.files["peçes/κύβος/日本語.txt"],
        4,
    )
    assert block["cids"] == [node.folder, node.files["long.bin"]]
    assert len(stretch["cids"]) == 4
    assert len(end["cids"]) == 3
    assert end["cids"][-1] not in stretch["cids"]
