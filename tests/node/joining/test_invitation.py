"""A line that says where a node is, and survives being copied by hand."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import RemoteError
from fabnet.node.joining.invitation import (
    LINE_CHARS_MAX,
    PREFIX,
    Invitation,
    InvitationBody,
    read_line,
    write_line,
)
from fabnet.node.labels.qr import fits_qr, modules
from fabnet.node.labels.show import MARGIN, as_svg, as_text
from fabnet.protocol.address import parse, to_bytes
from fabnet.records import canonical
from fabnet.records.ids import CharterId
from tests.protocol.minds import key

FEDERATION = CharterId("sha256:" + "5e" * 32)
PUBLIC = parse("/dns4/fab.example.org/tcp/443/tls/http")
LAN = parse("/ip4/192.168.1.20/tcp/8101/http")
GOOD = Invitation("fabcity", key(3).public.peer, (PUBLIC,), (FEDERATION,))
LINE = write_line(GOOD)


def lined(body: object) -> str:
    """Return a line with the right checksum, whatever it holds."""
    raw = canonical.encode(body)
    packed = raw + hashlib.sha256(raw).digest()[:4]
    return PREFIX + base64.b32encode(packed).decode().rstrip("=")


@pytest.mark.parametrize(
    "invitation",
    [
        GOOD,
        Invitation("lan", key(4).public.peer, (LAN, PUBLIC), ()),
        Invitation("x", key(5).public.peer, (PUBLIC,) * 4, (FEDERATION,) * 4),
    ],
    ids=["one of each", "no federation", "as many as there may be"],
)
def test_an_invitation_is_read_as_it_was_written(invitation: Invitation) -> None:
    line = write_line(invitation)

    assert read_line(line) == invitation
    assert len(line) <= LINE_CHARS_MAX


def test_it_says_whom_to_dial() -> None:
    assert read_line(LINE).dials == (
        f"/dns4/fab.example.org/tcp/443/tls/http/p2p/{key(3).public.peer}",
    )


def test_how_it_was_typed_does_not_matter() -> None:
    typed = "  " + LINE.lower()[:40] + " \n\t" + LINE[40:90] + " " + LINE[90:] + "\n"

    assert read_line(typed) == GOOD


@given(st.integers(0, len(LINE) - 1), st.sampled_from("ABCXYZ234567"))
def test_a_letter_that_is_wrong_is_told(at: int, letter: str) -> None:
    line = LINE[:at] + letter + LINE[at + 1 :]
    if line == LINE:
        return
    with pytest.raises(RemoteError, match="invitation"):
        read_line(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "does not begin with"),
        ("https://example.org/join", "does not begin with"),
        ("FABNET2:" + LINE[8:], "does not begin with"),
        (LINE[:-1], "wrong, missing or too many"),
        (LINE + "A", "wrong, missing or too many"),
        (LINE[8:], "does not begin with"),
        (PREFIX, "letters that no invitation has"),
        (PREFIX + "AAAA1", "letters that no invitation has"),
        (PREFIX + "ÄÄÄÄ", "letters that no invitation has"),
        (PREFIX + "AA", "wrong, missing or too many"),
        ("A" * (LINE_CHARS_MAX + 1), "longer than"),
    ],
)
def test_what_is_no_invitation_is_told_why(line: str, why: str) -> None:
    with pytest.raises(RemoteError, match=why):
        read_line(line)


RAW = key(3).public.raw
AT = to_bytes(PUBLIC)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (InvitationBody("fabcity", bytes(32), (AT,), ()), "small order"),
        (InvitationBody("fabcity", RAW, (b"\xff",), ()), "multiaddr"),
        (InvitationBody("fabcity", RAW, (), ()), r"length >= 1 - at `\$\[2\]"),
        (InvitationBody("fabcity", RAW, (AT,) * 5, ()), r"length <= 4 - at `\$\[2\]"),
        (InvitationBody("Fab City\n", RAW, (AT,), ()), r"regex .* at `\$\[0\]"),
        (InvitationBody("fabcity", RAW[:31], (AT,), ()), r"length >= 32 - at `\$\[1\]"),
        (InvitationBody("fabcity", RAW, (AT,), (b"x",)), r"length >= 32 - at `\$\[3\]"),
        (
            InvitationBody("fabcity", RAW, (AT,), (bytes(32),) * 5),
            r"length <= 4 - at `\$\[3\]",
        ),
        (
            InvitationBody(
                "fabcity", RAW, (to_bytes(parse(PUBLIC.text + f"/p2p/{GOOD.peer}")),),
                (),
            ),
            "names another peer",
        ),
        (["fabcity"], "InvitationBody"),
        ("fabcity", "InvitationBody"),
    ],
)  # fmt: skip
def test_a_line_with_a_good_checksum_is_believed_no_more(
    body: object, why: str
) -> None:
    with pytest.raises(RemoteError, match=why):
        read_line(lined(body))


def test_a_code_of_it_is_drawn_as_it_is_in_text_and_picture() -> None:
    assert fits_qr(LINE)
    dark = modules(LINE)
    lines = as_text(LINE).splitlines()
    light = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    rows: list[list[int]] = []
    for line in lines:
        rows.append([light[each][0] for each in line])
        rows.append([light[each][1] for each in line])

    inner = [row[MARGIN:-MARGIN] for row in rows[MARGIN : MARGIN + len(dark)]]
    assert inner == [[*row] for row in dark]
    assert not any(map(any, rows[:MARGIN]))
    assert as_svg(LINE).count("h1v1h-1z") == sum(map(sum, dark))
