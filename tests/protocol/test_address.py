"""An address is what a node can dial, in one spelling, or it is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.protocol.address import (
    ADDRESS_CHARS_MAX,
    Address,
    authority,
    base_url,
    from_bytes,
    parse,
    to_bytes,
)
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey

VECTORS = Path(__file__).parents[2].parent / "shared/vectors/libp2p-ipfs-vectors.json"

PEER = SigningKey.from_seed(bytes([2]) * 32).public.peer


def test_an_address_says_where_how_and_who() -> None:
    text = f"/dns4/Host.Example/tcp/8443/tls/http/p2p/{PEER}"

    assert parse(text) == Address(
        host="host.example",
        host_kind="dns4",
        port=8443,
        secure=True,
        peer=PEER,
        text=f"/dns4/host.example/tcp/8443/tls/http/p2p/{PEER}",
        sni=None,
    )


@pytest.mark.parametrize(
    ("text", "url", "host_header"),
    [
        ("/dns4/h.example/tcp/443/tls/http", "https://h.example:443", "h.example"),
        ("/dns/h.example/https", "https://h.example:443", "h.example"),
        ("/dns/h.example/tcp/99/https", "https://h.example:99", "h.example:99"),
        ("/dns6/hub/tcp/80/http", "http://hub:80", "hub"),
        ("/ip4/10.0.0.7/tcp/8080/ws", "http://10.0.0.7:8080", "10.0.0.7:8080"),
        ("/ip4/10.0.0.7/tcp/443/http", "http://10.0.0.7:443", "10.0.0.7:443"),
        ("/ip6/::1/tcp/8080/http", "http://[::1]:8080", "[::1]:8080"),
        ("/ip6/2001:DB8:0::1/tcp/443/tls/ws", "https://[2001:db8::1]:443",
         "[2001:db8::1]"),
        ("/ip4/192.0.2.1/tcp/443/tls/sni/h.example/http", "https://192.0.2.1:443",
         "h.example"),
    ],
)  # fmt: skip
def test_an_address_gives_its_url_and_its_host_header(
    text: str, url: str, host_header: str
) -> None:
    address = parse(text)

    assert base_url(address) == url
    assert authority(address) == host_header
    assert from_bytes(to_bytes(address)) == address


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_our_bytes_are_those_of_js_multiaddr() -> None:
    vectors = json.loads(VECTORS.read_text())["multiaddr"]
    peer_cid = "/p2p/bafzaajaiaejcbe4zbl4h6a3rcr3dlrj4cz6pjzrjwfw2j2zl3ggd5c5qdvsfbbq4"
    peer_hex = vectors.pop(peer_cid)
    del vectors["source"]

    for text, binary in vectors.items():
        assert to_bytes(parse(text)).hex() == binary, text
        assert from_bytes(bytes.fromhex(binary)).text == text
    place = "/dns/example.com/https"
    assert to_bytes(parse(place + peer_cid)).hex() == vectors[place] + peer_hex


def test_a_peer_id_written_as_a_cid_is_the_peer_id_in_base58() -> None:
    cid = "bafzaajaiaejcbe4zbl4h6a3rcr3dlrj4cz6pjzrjwfw2j2zl3ggd5c5qdvsfbbq4"
    base58 = "12D3KooWKkXTBeVwrJNQekiifgPaGWkTKw3Qg1GTCMsHpfca7NnP"

    address = parse(f"/ip4/192.0.2.1/tcp/1/http/p2p/{cid}")

    assert address.peer == PeerId(base58)
    assert address.text == f"/ip4/192.0.2.1/tcp/1/http/p2p/{base58}"


RSA_PEER_CID = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"
GOOD = "/ip4/192.0.2.1/tcp/80/http"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "begins with /"),
        ("ip4/192.0.2.1/tcp/80/http", "begins with /"),
        ("/", "expected ip4"),
        ("/ip6zone/eth0/ip6/fe80::1/tcp/80/http", "ip6zone"),
        ("/ip6/fe80::1%eth0/tcp/80/http", "ip6: a zone"),
        ("/unix/run/fabnet.sock", "unix"),
        ("/memory/7", "memory"),
        ("/onion/aaimaq4ygg2iegci:80", "onion"),
        ("/ip4/192.0.2.1/udp/443/quic-v1", "udp"),
        ("/ip4/192.0.2.1/tcp/80", "the end"),
        ("/ip4/192.0.2.1/tcp", "tcp: its value is missing"),
        ("/ip4//tcp/80/http", "ip4: its value is missing"),
        ("/ip4/192.0.2.1/tcp/80/wss", "wss"),
        ("/ip4/192.0.2.1/http", "found 'http'"),
        (GOOD + "/", "cannot dial ''"),
        (GOOD + GOOD, "cannot dial 'ip4'"),
        ("/ip4/192.0.2.1/ip4/192.0.2.2/tcp/80/http", "found 'ip4'"),
        ("/ip4/192.0.2.1/tcp/80/tcp/81/http", "found 'tcp'"),
        ("/ip4/192.0.2.1/tcp/80/tls/tls/http", "found 'tls'"),
        ("/ip4/192.0.2.1/tcp/80/sni/h/http", "found 'sni'"),
        (f"{GOOD}/p2p/{PEER}/p2p/{PEER}", "cannot dial 'p2p'"),
        (f"{GOOD}/p2p/{PEER}/p2p-circuit/p2p/{PEER}", "p2p-circuit"),
        (f"{GOOD}/p2p-circuit", "p2p-circuit"),
        (f"{GOOD}/http-path/a", "http-path"),
        ("/ip4/192.0.2.1/tcp/0/http", "tcp"),
        ("/ip4/192.0.2.1/tcp/65536/http", "tcp"),
        ("/ip4/192.0.2.1/tcp/080/http", "tcp"),
        ("/ip4/192.0.2.1/tcp/+80/http", "tcp"),
        ("/ip4/192.0.2.1/tcp/٨٠/http", "tcp"),
        ("/ip4/192.0.2.1/tcp/80\n/http", "tcp"),
        ("/ip4/127.1/tcp/80/http", "ip4"),
        ("/ip4/0177.0.0.1/tcp/80/http", "ip4"),
        ("/ip4/①②⑦.⓪.⓪.①/tcp/80/http", "ip4"),
        ("/dns4/①②⑦.⓪.⓪.①/tcp/80/http", "dns4"),
        ("/dns4/127.0.0.1/tcp/80/http", "dns4: a name cannot end in a number"),
        ("/dns/2130706433/tcp/80/http", "dns: a name cannot end in a number"),
        ("/dns/0x7f.1/tcp/80/http", "dns: a name cannot end in a number"),
        ("/dns/0x7f000001/tcp/80/http", "dns: a name cannot end in a number"),
        ("/dns4/h.example./tcp/80/http", "dns4"),
        ("/dns4/-h.example/tcp/80/http", "dns4"),
        ("/dns4/h@evil.example/tcp/80/http", "dns4"),
        ("/dns4/münchen.example/tcp/80/http", "dns4"),
        ("/dns4/xn--0.example/tcp/80/http", "not a multiaddr"),
        ("/dns4/" + "a" * 64 + ".example/tcp/80/http", "dns4"),
        ("/dns4/" + "a." * 127 + "b/tcp/80/http", "dns4"),
        ("/ip4/192.0.2.1/tcp/443/tls/sni/9.9.9.9/http", "sni"),
        (f"{GOOD}/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "p2p"),
        (f"{GOOD}/p2p/{RSA_PEER_CID}", "p2p"),
        (f"{GOOD}/p2p/bafkqaaa", "p2p"),
        (f"{GOOD}/p2p/b1", "p2p"),
        (f"{GOOD}/p2p/bá", "p2p"),
        (f"{GOOD}/p2p/1{PEER}", "p2p"),
        (f"{GOOD}/p2p/{PEER[:-1]}", "p2p"),
        (f"{GOOD}/p2p", "p2p: its value is missing"),
    ],
)  # fmt: skip
def test_what_a_node_cannot_dial_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(text)

    assert str(caught.value).startswith("address: ")
    assert named in str(caught.value)


def test_an_endless_address_is_refused_unread() -> None:
    with pytest.raises(LimitError):
        parse("/" * (ADDRESS_CHARS_MAX + 1))
    with pytest.raises(LimitError):
        from_bytes(bytes(ADDRESS_CHARS_MAX + 1))


def test_the_phantom_ipv4_address_of_ip6zone_is_never_seen() -> None:
    phantom = bytes.fromhex("2a046574683029fe800000000000000000000000000001060001e003")

    with pytest.raises(MalformedError, match="ip6zone"):
        from_bytes(phantom)


def test_a_slash_inside_a_host_does_not_become_a_component() -> None:
    host = b"h/tcp/80/http"

    with pytest.raises(MalformedError):
        from_bytes(bytes((0x36, len(host))) + host)


def test_a_peer_id_in_bytes_is_a_multihash_and_not_a_cid() -> None:
    text = f"{GOOD}/p2p/{PEER}"
    binary = to_bytes(parse(text))
    multihash = binary[-38:]
    as_cid = binary[:-39] + bytes((40,)) + b"\x01\x72" + multihash

    assert binary[-39] == 38
    with pytest.raises(MalformedError, match="binary form"):
        from_bytes(as_cid)


hosts = st.one_of(
    st.ip_addresses(v=4).map(lambda ip: f"/ip4/{ip}"),
    st.ip_addresses(v=6).map(lambda ip: f"/ip6/{ip}"),
    st.tuples(
        st.sampled_from(["dns", "dns4", "dns6"]),
        st.from_regex(r"([a-z0-9]{1,20}\.){0,4}[a-z][a-z0-9]{0,20}", fullmatch=True),
    ).map("/".join).map("/{}".format),
)  # fmt: skip
ways = st.sampled_from(["/http", "/ws", "/https", "/tls/http", "/tls/sni/h.example/ws"])
peers = st.just("") | st.binary(min_size=32, max_size=32).map(
    lambda seed: f"/p2p/{SigningKey.from_seed(seed).public.peer}"
)


@given(hosts, st.integers(1, 65_535), ways, peers)
def test_an_address_survives_both_its_forms(
    host: str, port: int, way: str, peer: str
) -> None:
    address = parse(f"{host}/tcp/{port}{way}{peer}")

    assert parse(address.text) == address
    assert from_bytes(to_bytes(address)) == address
    assert (address.port, address.secure) == (port, way.startswith(("/tls", "/https")))


@given(st.binary(max_size=80))
def test_noise_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    for read in (from_bytes, lambda raw: parse("/" + raw.decode("latin-1"))):
        try:
            read(noise)
        except RemoteError:
            pass
