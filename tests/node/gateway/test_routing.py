"""Delegated Routing tells who has what, and an empty list where nobody does."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from fabnet.content.cid import of_raw
from fabnet.content.multibase import from_base58
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.revision import RevisionBody
from fabnet.node.gateway.filters import filtered, names_in, read_filter
from fabnet.node.gateway.providers import PeerAnswer
from fabnet.node.sample.drafting import draft_folder
from fabnet.protocol import address
from fabnet.protocol.community import Reach
from fabnet.protocol.effects import Keep
from fabnet.records.ids import Incarnation
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.record import seal_record
from tests.node.gateway.window import ADDRESS, DESIGNER, TREE, Window, window, write
from tests.node.storing import KEY, ME, THEN
from tests.protocol.minds import identity

US = identity(1).peer
ELSEWHERE = "/dns4/hub.example/tcp/443/tls/http"
NDJSON = "application/x-ndjson"


def answer(peer: str, *addrs: str) -> dict[str, object]:
    return {
        "Schema": "peer",
        "ID": peer,
        "Addrs": list(addrs),
        "Protocols": ["transport-ipfs-gateway-http"],
    }


async def providers(at: Window, cid: str, query: str = "") -> object:
    reply = await at.get(f"/routing/v1/providers/{cid}{query}")
    assert reply.status == 200
    return json.loads(reply.body)["Providers"]


@pytest.mark.asyncio
async def test_whatever_we_give_we_say_that_we_have(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))

        for cid in (design.folder, design.cid, of_raw(b"deep")):
            reply = await at.get(f"/routing/v1/providers/{cid}")
            assert json.loads(reply.body) == {"Providers": [answer(US, ADDRESS)]}
            said = reply.headers
            assert said["Content-Type"].startswith("application/json")
            assert said["Vary"] == "Accept"
            assert said["Cache-Control"].startswith("public, max-age=300,")
            assert said["Access-Control-Allow-Origin"] == "*"


@pytest.mark.asyncio
async def test_the_unknown_is_an_empty_list_that_is_soon_asked_again(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE), granted=False)
        for cid in (of_raw(b"elsewhere"), design.folder, "bafkqaaa"):
            reply = await at.get(f"/routing/v1/providers/{cid}")
            found = (reply.status, json.loads(reply.body))
            assert found == (200, {"Providers": []}), cid
            assert "max-age=15," in reply.headers["Cache-Control"]
        lines = await at.get(f"/routing/v1/providers/{design.folder}", Accept=NDJSON)
        assert (lines.status, lines.body) == (200, b"")


@pytest.mark.asyncio
async def test_lines_come_one_for_each_peer_where_they_are_asked_for(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        reply = await at.get(f"/routing/v1/providers/{design.folder}", Accept=NDJSON)

        assert reply.headers["Content-Type"].startswith(NDJSON)
        lines = [json.loads(line) for line in reply.body.splitlines()]
        assert lines == [answer(US, ADDRESS)]


@pytest.mark.asyncio
async def test_a_design_that_is_elsewhere_is_told_with_who_signed_for_it(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        root = write(tmp_path / "design", TREE)
        design = draft_folder(root, DESIGNER, THEN)
        size = len(design.manifest)
        body = RevisionBody(design.cid, size, design.folder, "Elsewhere", None)
        await at.say("revision/1", None, body)
        await at.say("grant/1", design.cid, GrantBody(design.grant))
        await at.index.catch_up()
        assert await providers(at, design.folder) == []

        listed = [address.to_bytes(address.parse(f"{ELSEWHERE}/p2p/{ME}"))]
        reach = Reach(seal_peer_record(KEY, 1, listed), 3_600)
        record = seal_record(
            KEY, network="test", kind="notice.reach/1", incarnation=Incarnation(1, 7),
            seq=1, prev=None, moment_ms=THEN, about="node", body=reach,
        )  # fmt: skip
        await at.store.commit([Keep(record, 99, None)], THEN)

        there = [answer(ME, ELSEWHERE)]
        assert await providers(at, design.folder) == there
        assert await providers(at, design.cid) == there
        peers = await at.get(f"/routing/v1/peers/{ME}")
        assert json.loads(peers.body) == {"Peers": there}


@pytest.mark.asyncio
async def test_a_peer_is_found_by_its_id_however_it_is_written(tmp_path: Path) -> None:
    spelt = "k51qzi5uqu5dj0kh5jgjlg93m6m7q6dqr2zkwdfz4yx3bsp5fbnpbpqxv1p8wl"
    async with window(tmp_path) as at:
        for name in (US, _base32(US)):
            reply = await at.get(f"/routing/v1/peers/{name}")
            assert json.loads(reply.body) == {"Peers": [answer(US, ADDRESS)]}
        for name in (ME, spelt):
            stranger = await at.get(f"/routing/v1/peers/{name}")
            assert (stranger.status, stranger.body) == (200, b'{"Peers":[]}')
        for name in ("hello", "12D3Koo", "b", "k", "k_1", of_raw(b""), "k" * 90):
            assert (await at.get(f"/routing/v1/peers/{name}")).status == 422, name


def _base32(peer: str) -> str:
    binary = b"\x01\x72" + from_base58(peer)
    return "b" + base64.b32encode(binary).decode().lower().rstrip("=")


@pytest.mark.asyncio
async def test_what_is_no_cid_is_unprocessable(tmp_path: Path) -> None:
    async with window(tmp_path) as at:
        for cid in ("hello", "Qm", "b", "%C3%A9", "bafkrei"):
            assert (await at.get(f"/routing/v1/providers/{cid}")).status == 422


ONE = PeerAnswer("peer", "one", ("/ip4/1.2.3.4/tcp/80/http", ELSEWHERE), ("a", "b"))
BARE = PeerAnswer("peer", "bare", (), ())


@pytest.mark.parametrize(
    ("addrs", "protocols", "kept"),
    [
        (None, None, {"one": 2, "bare": 0}),
        ("", "", {"one": 2, "bare": 0}),
        ("ip4", None, {"one": 1}),
        ("TLS , x", None, {"one": 1}),
        ("!tls", None, {"one": 1, "bare": 0}),
        ("http,!ip4", None, {"one": 1}),
        ("!http", None, {"bare": 0}),
        ("unknown", None, {"bare": 0}),
        ("unknown,dns4", None, {"one": 1, "bare": 0}),
        ("hub.example", None, {}),
        (None, "a", {"one": 2}),
        (None, "unknown", {"bare": 0}),
        (None, "unknown,b", {"one": 2, "bare": 0}),
        (None, "!a", {"bare": 0}),
        ("ip4", "c", {}),
    ],
)
def test_a_filter_keeps_what_a_client_can_use(
    addrs: str | None, protocols: str | None, kept: dict[str, int]
) -> None:
    found = filtered([ONE, BARE], read_filter(addrs), read_filter(protocols))

    assert {each.id: len(each.addrs) for each in found} == kept


def test_a_host_that_is_called_like_a_protocol_is_none() -> None:
    assert names_in("/dns4/quic/tcp/443/tls/sni/ws/http") == [
        *("dns4", "tcp", "tls", "sni", "http"),
    ]
