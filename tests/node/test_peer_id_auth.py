"""Two peers learn who the other is, and nobody between them can pretend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import (
    LimitError,
    MalformedError,
    RemoteError,
    SignatureError,
    TransitionError,
)
from fabnet.node.links.auth_header import (
    HEADER_BYTES_MAX,
    read_params,
    signed_bytes,
    to_base64,
    write_params,
)
from fabnet.node.links.peer_id_auth import (
    BEARER_MS_MAX,
    CHALLENGE_MS_MAX,
    Admitted,
    Challenged,
    Refused,
    ServerAuth,
)
from fabnet.records.keys import SigningKey
from tests.node.auth_pair import (
    CHALLENGE_CLIENT,
    CHALLENGE_SERVER,
    CLIENT,
    CLIENT_PUBLIC,
    HOST,
    SERVER,
    Clock,
    challenged,
    client_key,
    client_of,
    mallory_key,
    server_at,
    server_key,
)

VECTORS = Path(__file__).parents[2].parent / "shared/vectors/libp2p-ipfs-vectors.json"


def reason_of(verdict: object) -> str:
    assert isinstance(verdict, Challenged | Refused), verdict
    return verdict.reason


def info_of(verdict: object) -> dict[str, str]:
    assert isinstance(verdict, Admitted), verdict
    assert verdict.info is not None
    return read_params(verdict.info)


def client_sig(
    key: SigningKey,
    host: str = HOST,
    challenge: str = CHALLENGE_CLIENT,
    server: SigningKey = server_key,
) -> str:
    signed: dict[str, str | bytes] = {
        "challenge-client": challenge,
        "hostname": host,
        "server-public-key": server.public.protobuf,
    }
    return to_base64(key.sign(signed_bytes(signed)))


def server_first(auth: ServerAuth, host: str = HOST, **changed: str | None) -> str:
    """Return a whole answer to a challenge that `auth` just gave, but for `changed`."""
    params = read_params(challenged(auth.judge(host, None)))
    answer: dict[str, str | None] = {
        "public-key": CLIENT_PUBLIC,
        "challenge-server": CHALLENGE_SERVER,
        "sig": client_sig(client_key, host),
        "opaque": params["opaque"],
    }
    return write_params(answer | {k.replace("_", "-"): v for k, v in changed.items()})


def bearer_from(auth: ServerAuth, host: str = HOST) -> str:
    verdict = auth.judge(host, server_first(auth, host))
    return write_params({"bearer": info_of(verdict)["bearer"]})


# ------------------------------------------------------- the specification's vectors


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_what_we_sign_is_what_the_specification_signs() -> None:
    vector = json.loads(VECTORS.read_text())["peer_id_auth"]["signing_example"]

    signed = signed_bytes(
        {
            "hostname": HOST,
            "client-public-key": bytes.fromhex(vector["client-public-key"]),
            "challenge-server": vector["challenge-server"],
        }
    )

    assert signed.hex() == vector["data_hex"]
    assert to_base64(server_key.sign(signed)) == vector["signature_b64url"]


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_the_client_first_example_of_the_specification_holds() -> None:
    vector = json.loads(VECTORS.read_text())["peer_id_auth"]["client_initiated"]
    auth = server_at(Clock())

    challenge = challenged(
        auth.judge(
            HOST,
            f'libp2p-PeerID challenge-server="{CHALLENGE_SERVER}", '
            f'public-key="{CLIENT_PUBLIC}"',
        )
    )
    params = read_params(challenge)

    assert params["challenge-client"] == CHALLENGE_CLIENT
    assert params["sig"] == vector["server_sig"]
    verdict = auth.judge(
        HOST,
        f'libp2p-PeerID opaque="{params["opaque"]}", sig="{vector["client_sig"]}"',
    )
    assert isinstance(verdict, Admitted)
    assert verdict.peer == CLIENT
    assert info_of(verdict).keys() == {"bearer"}


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_the_server_first_example_of_the_specification_holds_once_corrected() -> None:
    vector = json.loads(VECTORS.read_text())["peer_id_auth"]["server_initiated"]
    auth = server_at(Clock())
    right = server_first(auth, sig=vector["client_sig_normative"])
    as_printed = server_first(auth, sig=vector["client_sig"])

    assert reason_of(auth.judge(HOST, as_printed)) == "bad-signature"
    verdict = auth.judge(HOST, right)

    assert isinstance(verdict, Admitted)
    assert verdict.peer == CLIENT
    assert info_of(verdict)["sig"] == vector["server_sig"]


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_the_bearer_of_another_program_is_not_ours_even_under_the_same_key() -> None:
    vector = json.loads(VECTORS.read_text())["peer_id_auth"]["server_initiated"]
    auth = server_at(Clock())

    verdict = auth.judge(HOST, f'libp2p-PeerID bearer="{vector["bearer"]}"')

    assert reason_of(verdict) == "bad-signature"


# ------------------------------------------------------------------ the two handshakes


def test_our_client_and_our_server_know_each_other_and_the_bearer_proves_it() -> None:
    auth, client = server_at(Clock()), client_of()

    answer = client.answer(challenged(auth.judge(HOST, client.hello())))
    verdict = auth.judge(HOST, answer)
    assert isinstance(verdict, Admitted)
    assert verdict.info is not None
    bearer = client.finish(verdict.info)

    assert (verdict.peer, client.peer) == (CLIENT, SERVER)
    assert auth.judge(HOST, bearer) == Admitted(CLIENT, None)


def test_a_request_without_a_login_is_asked_for_one() -> None:
    auth = server_at(Clock())

    for header in (None, "", "Basic YWxpY2U6c2VjcmV0", "Bearer abc", "libp2p-PeerID2"):
        assert reason_of(auth.judge(HOST, header)) == "login-needed"


def test_a_challenge_is_thirty_two_bytes_of_dice_each_time() -> None:
    clock = Clock()
    auth = server_at(clock)

    first = challenged(auth.judge(HOST, None))
    clock.face = 0x12
    second = challenged(auth.judge(HOST, None))

    assert clock.rolled == [32, 32]
    assert read_params(first)["challenge-client"] == CHALLENGE_CLIENT
    assert read_params(second)["challenge-client"] != CHALLENGE_CLIENT


def test_a_js_client_may_send_our_challenge_back_as_its_own() -> None:
    auth = server_at(Clock())
    echoed = server_first(auth, challenge_server=CHALLENGE_CLIENT)

    verdict = auth.judge(HOST, echoed)

    assert isinstance(verdict, Admitted)
    assert verdict.peer == CLIENT


# ---------------------------------------------------------------------- who may not in


def test_a_forged_login_is_refused_in_both_handshakes() -> None:
    auth = server_at(Clock())
    forged_first = server_first(auth, sig=client_sig(mallory_key))
    hello = client_of().hello()
    opaque = read_params(challenged(auth.judge(HOST, hello)))["opaque"]
    forged_second = write_params({"opaque": opaque, "sig": client_sig(mallory_key)})
    empty = write_params({"opaque": opaque, "sig": to_base64(bytes(64))})

    for forged in (forged_first, forged_second, empty):
        assert reason_of(auth.judge(HOST, forged)) == "bad-signature"


def test_a_signature_for_another_name_challenge_or_server_is_refused() -> None:
    auth = server_at(Clock())

    for sig in (
        client_sig(client_key, host="evil.example"),
        client_sig(client_key, challenge=CHALLENGE_SERVER),
        client_sig(client_key, server=mallory_key),
    ):
        verdict = auth.judge(HOST, server_first(auth, sig=sig))
        assert reason_of(verdict) == "bad-signature"


def test_a_proxy_at_another_name_cannot_pass_a_login_on() -> None:
    """Alice logs in at evil.example, which forwards every header to us."""
    auth = server_at(Clock())
    alice = client_of(host="evil.example", expected=None)

    assert auth.judge("evil.example", alice.hello()) == Refused("unknown-host")
    with pytest.raises(SignatureError):
        alice.answer(challenged(auth.judge(HOST, alice.hello())))


def test_the_hostname_is_the_host_header_with_its_port() -> None:
    auth = server_at(Clock(), "example.com:8443")

    assert auth.judge("example.com", None) == Refused("unknown-host")
    assert auth.judge("example.com:443", None) == Refused("unknown-host")
    assert auth.judge("", None) == Refused("unknown-host")
    verdict = auth.judge("example.com:8443", server_first(auth, "example.com:8443"))
    assert isinstance(verdict, Admitted)


def test_the_case_of_a_host_changes_what_is_signed_and_not_who_is_meant() -> None:
    auth = server_at(Clock())

    bearer = bearer_from(auth, "Example.COM")

    assert auth.judge(HOST, bearer) == Admitted(CLIENT, None)


def test_a_bearer_holds_for_one_host() -> None:
    auth = server_at(Clock(), HOST, "other.example")
    bearer = bearer_from(auth)

    assert reason_of(auth.judge("other.example", bearer)) == "bearer-of-another-host"


def test_a_challenge_holds_for_one_host() -> None:
    auth = server_at(Clock(), HOST, "other.example")
    answer = server_first(auth)

    verdict = auth.judge("other.example", answer)

    assert reason_of(verdict) == "challenge-of-another-host"


@pytest.mark.parametrize("later_ms", [BEARER_MS_MAX, -1])
def test_a_bearer_lasts_an_hour_and_never_comes_from_the_future(later_ms: int) -> None:
    clock = Clock()
    auth = server_at(clock)
    bearer = bearer_from(auth)

    clock.now_ms += BEARER_MS_MAX - 1
    assert auth.judge(HOST, bearer) == Admitted(CLIENT, None)
    clock.now_ms += later_ms - (BEARER_MS_MAX - 1)
    assert reason_of(auth.judge(HOST, bearer)) == "bearer-expired"


def test_a_challenge_is_answered_within_five_minutes_or_asked_again() -> None:
    clock = Clock()
    auth = server_at(clock)
    answer = server_first(auth)

    clock.now_ms += CHALLENGE_MS_MAX - 1
    assert isinstance(auth.judge(HOST, answer), Admitted)
    clock.now_ms += 1
    assert reason_of(auth.judge(HOST, answer)) == "challenge-expired"


def test_a_restart_forgets_every_login_by_its_new_secret() -> None:
    before = server_at(Clock(), hmac_key=bytes(32))
    after = server_at(Clock(), hmac_key=bytes([1]) * 32)

    for header in (bearer_from(before), server_first(before)):
        assert reason_of(after.judge(HOST, header)) == "bad-signature"


def test_a_challenge_is_no_bearer_and_a_bearer_no_challenge() -> None:
    auth = server_at(Clock())
    opaque = read_params(challenged(auth.judge(HOST, None)))["opaque"]
    bearer = read_params(bearer_from(auth))["bearer"]

    as_bearer = write_params({"bearer": opaque})
    assert reason_of(auth.judge(HOST, as_bearer)) == "bad-signature"
    as_opaque = server_first(auth, opaque=bearer)
    assert reason_of(auth.judge(HOST, as_opaque)) == "bad-signature"


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_of_a_bearer_ends_it(at: int, change: int) -> None:
    auth = server_at(Clock())
    raw = bytearray(bearer_from(auth), "ascii")
    first = raw.index(b'"') + 1
    at = first + at % (len(raw) - first - 1)
    raw[at] = raw[at] ^ change & 0x7F

    verdict = auth.judge(HOST, raw.decode("latin-1"))

    assert change & 0x7F == 0 or not isinstance(verdict, Admitted)


def test_an_answer_to_one_handshake_does_not_fit_the_other() -> None:
    auth = server_at(Clock())
    short = server_first(auth, public_key=None, challenge_server=None)
    opaque = read_params(challenged(auth.judge(HOST, client_of().hello())))["opaque"]
    long = server_first(auth, opaque=opaque)

    assert auth.judge(HOST, short) == Refused("bad-header")
    assert auth.judge(HOST, long) == Refused("bad-header")


def small_order_key() -> str:
    return to_base64(bytes.fromhex("08011220" + "01" + "00" * 31))


@pytest.mark.parametrize(
    "header",
    [
        "libp2p-PeerID",
        "libp2p-PeerID ,",
        'libp2p-PeerID bearer=""',
        'libp2p-PeerID bearer="a"',
        'libp2p-PeerID bearer="a+/b"',
        'libp2p-PeerID bearer="ab==="',
        'libp2p-PeerID bearer="é"',
        'libp2p-PeerID bearer="abc',
        "libp2p-PeerID bearer",
        'libp2p-PeerID bearer="abcd"sig="abcd"',
        'libp2p-PeerID bearer="abcd", bearer="abcd"',
        'libp2p-PeerID bearer="abcd", sig="abcd"',
        f'libp2p-PeerID challenge-server="{CHALLENGE_SERVER}"',
        f'libp2p-PeerID challenge-server="short", public-key="{CLIENT_PUBLIC}"',
        f'libp2p-PeerID challenge-server="{CHALLENGE_SERVER}", public-key="abcd"',
        f'libp2p-PeerID challenge-server="{CHALLENGE_SERVER}", '
        f'public-key="{small_order_key()}"',
        "libp2p-PeerID " + " " * HEADER_BYTES_MAX,
        f'libp2p-PeerID bearer="{"a" * HEADER_BYTES_MAX}"',
    ],
)
def test_a_header_that_makes_no_sense_is_refused(header: str) -> None:
    assert server_at(Clock()).judge(HOST, header) == Refused("bad-header")


@pytest.mark.parametrize("short", ["", "short"])
def test_a_client_must_challenge_the_server_that_went_first(short: str) -> None:
    auth = server_at(Clock())
    answer = server_first(auth, challenge_server=short)

    assert auth.judge(HOST, answer) == Refused("bad-header")


# ------------------------------------------------------------------------- the headers


@pytest.mark.parametrize(
    "header",
    [
        'libp2p-PeerID sig="YWJj", bearer="ZGVm"',
        'libp2p-PeerID sig="YWJj" bearer="ZGVm"',
        'LIBP2P-peerid  bearer=ZGVm,,sig=YWJj ,expires="2026-01-01T00:00:00Z"',
        'libp2p-PeerID sig="YWJj",bearer="ZGVm", realm="two words", new-one="x"',
    ],
)
def test_a_header_is_read_however_it_is_punctuated(header: str) -> None:
    assert read_params(header) == {"sig": "YWJj", "bearer": "ZGVm"}


def test_padding_may_be_left_out() -> None:
    auth = server_at(Clock())
    bare = {
        name: value.rstrip("=") if name != "challenge-server" else value
        for name, value in read_params(server_first(auth)).items()
    }

    assert isinstance(auth.judge(HOST, write_params(bare)), Admitted)


@given(st.text(max_size=120))
def test_noise_is_refused_and_nothing_else_happens(noise: str) -> None:
    try:
        read_params("libp2p-PeerID " + noise)
    except RemoteError:
        pass


def test_every_header_we_write_is_one_we_would_read() -> None:
    long_host = "a" * 62 + ("." + "a" * 62) * 3 + ":65535"
    auth = server_at(Clock(), long_host)
    client = client_of(host=long_host)

    challenge = challenged(auth.judge(long_host, client.hello()))
    answer = client.answer(challenge)

    assert max(map(len, (client.hello(), challenge, answer))) <= HEADER_BYTES_MAX
    assert isinstance(auth.judge(long_host, answer), Admitted)


# ----------------------------------------------------------------- a client's suspicion


def test_a_client_signs_nothing_for_a_server_it_did_not_expect() -> None:
    client = client_of(expected=mallory_key.public.peer)
    challenge = challenged(server_at(Clock()).judge(HOST, client.hello()))

    with pytest.raises(SignatureError, match="expected"):
        client.answer(challenge)
    with pytest.raises(TransitionError):
        client.finish('libp2p-PeerID bearer="abcd"')


def test_a_client_signs_nothing_for_a_server_that_proves_nothing() -> None:
    auth, client = server_at(Clock()), client_of()
    unproved = challenged(auth.judge(HOST, None))
    params = read_params(challenged(auth.judge(HOST, client.hello())))
    replayed = read_params(challenged(auth.judge(HOST, client_of(mallory_key).hello())))

    with pytest.raises(MalformedError, match="sig is missing"):
        client.answer(unproved)
    with pytest.raises(SignatureError):
        client.answer(write_params(params | {"sig": replayed["sig"]}))
    with pytest.raises(MalformedError, match="challenge-client"):
        client.answer(write_params(params | {"challenge-client": "short"}))
    with pytest.raises(MalformedError, match="opaque is missing"):
        client.answer(write_params(params | {"opaque": None}))
    with pytest.raises(LimitError):
        client.answer("libp2p-PeerID " + "," * HEADER_BYTES_MAX)
    with pytest.raises(TransitionError):
        assert client.peer
