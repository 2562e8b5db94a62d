"""A proxy of ours is believed about whom it heard, and nobody else is."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from fabnet.errors import InputError
from fabnet.node.config import parse
from fabnet.node.links.limits.blocks import block_of
from fabnet.node.links.limits.proxies import FORWARDED, HOPS_MAX, proxies_in, sender
from tests.node.door import door
from tests.node.test_config import changed

OURS = proxies_in(["127.0.0.0/8", "::1/128", "10.1.0.0/16"])
SAID = {
    "whom it heard": ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
    "and what that one made up": ("127.0.0.1", ["9.9.9.9, 203.0.113.7"], "203.0.113.7"),
    "in a line of its own": ("127.0.0.1", ["9.9.9.9", "203.0.113.7"], "203.0.113.7"),
    "of IPv6": ("::1", ["2001:db8::7"], "2001:db8::7"),
    "over a socket of both": ("::ffff:127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
    "as IPv4 within IPv6": ("127.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
    "with its port": ("127.0.0.1", ["203.0.113.7:5123"], "203.0.113.7"),
    "of IPv6 with its port": ("127.0.0.1", ["[2001:db8::7]:5123"], "2001:db8::7"),
    "two of ours in a row": (
        "127.0.0.1", ["9.9.9.9, 203.0.113.7, 10.1.0.9"], "203.0.113.7"),
    "ours alone": ("127.0.0.1", ["10.1.0.9"], "10.1.0.9"),
    "nothing": ("127.0.0.1", [], "127.0.0.1"),
    "an empty line": ("127.0.0.1", [""], "127.0.0.1"),
    "a name": ("127.0.0.1", ["unknown"], "127.0.0.1"),
    "a socket file": ("127.0.0.1", ["unix:"], "127.0.0.1"),
    "a name behind one of ours": ("127.0.0.1", ["x, 10.1.0.9"], "10.1.0.9"),
    "a stranger who claims to be a proxy": (
        "198.51.100.1", ["203.0.113.7"], "198.51.100.1"),
    "a stranger who claims that we sent it": (
        "198.51.100.1", ["203.0.113.7, 127.0.0.1"], "198.51.100.1"),
    "nobody": (None, ["203.0.113.7"], ""),
}  # fmt: skip


@pytest.mark.parametrize(("remote", "lines", "who"), SAID.values(), ids=SAID)
def test_the_sender_is_the_first_from_the_end_who_is_not_ours(
    remote: str | None, lines: list[str], who: str
) -> None:
    assert sender(remote, lines, OURS) == who


def test_a_chain_of_ours_is_followed_so_far_and_no_further() -> None:
    chain = ["203.0.113.7", *["10.1.0.9"] * HOPS_MAX]
    assert sender("127.0.0.1", chain[:HOPS_MAX], OURS) == "203.0.113.7"
    assert sender("127.0.0.1", chain, OURS) == "10.1.0.9"


WRONG = {
    "a name": ("localhost", "such as 127.0.0.0/8"),
    "an address and a network at once": ("10.1.2.3/16", "has host bits set"),
    "everybody": ("0.0.0.0/0", "would believe strangers; at least /8"),
    "half of everybody": ("128.0.0.0/1", "would believe strangers; at least /8"),
    "all of IPv6": ("::/0", "would believe strangers; at least /7"),
    "a port": ("127.0.0.1:8101", "such as 127.0.0.0/8"),
}


@pytest.mark.parametrize(("text", "why"), WRONG.values(), ids=WRONG)
def test_who_is_no_proxy_is_told_by_its_place_in_the_file(text: str, why: str) -> None:
    written = changed("listen", proxies=["::1/128", text]).encode()
    with pytest.raises(InputError, match=r"listen\.proxies\[1\]: ") as told:
        parse(written, Path("/srv"))
    assert why in str(told.value)


def test_networks_of_a_container_and_of_a_lan_may_be_proxies() -> None:
    texts = ["172.18.0.0/16", "10.0.0.0/8", "fc00::/7", "192.168.1.7"]
    written = changed("listen", proxies=texts).encode()
    assert list(parse(written, Path("/srv")).listen.proxies) == texts


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("proxies", "blocks"),
    [
        (["127.0.0.0/8"], {"203.0.113.0/24", "198.51.100.0/24"}),
        (["192.0.2.1"], {block_of("127.0.0.1")}),
    ],
)
async def test_the_port_charges_whom_a_proxy_of_ours_heard(
    tmp_path: Path, proxies: list[str], blocks: set[str]
) -> None:
    """The second proxy is elsewhere: what comes from here is then a stranger's word."""
    async with door(tmp_path, proxies=proxies) as ours:
        for address in ("203.0.113.7", "203.0.113.8", "198.51.100.9"):
            # Two lines, as a proxy adds its own: the first is what the client made up.
            lines = [(FORWARDED, "192.0.2.99"), (FORWARDED, address)]
            async with (
                aiohttp.ClientSession(headers=lines) as session,
                session.get(f"http://{ours.host}/fabnet/auth") as answer,
            ):
                assert answer.status == 401
        assert set(ours.links.tolls.blocks.held) == blocks
