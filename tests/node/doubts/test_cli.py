"""People list doubts and sign, as they type it, against a running node."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from fabnet.cooperation.benches import WRITE_OFF, write_off_subject
from fabnet.errors import FabnetError, InputError
from fabnet.node.api.doubts.answers import DoubtAnswer, Doubts
from fabnet.node.cli.doubts.listing import told
from fabnet.node.cli.doubts.signing import sign
from fabnet.node.cli.main import main
from fabnet.node.keyring import write_secret
from fabnet.records.credential import open_credential
from fabnet.records.keys import SigningKey
from tests.node.cooperative import DESIGNER, STEWARD
from tests.node.desk import Desk, at_desk
from tests.node.doubts.test_api import LOST, NEWER, bench_lost
from tests.node.test_api_walk import filed

Capture = pytest.CaptureFixture[str]

LOT = f"{LOST[7:15]}/1"
SUBJECT = write_off_subject(
    job=LOST, epoch=1, requester="12D3KooW", missing=2, reason="Flooded."
)
DOUBT = DoubtAnswer(
    kind="lot-lost", side="requester", job=LOST, short_code=LOST[7:15], epoch=1,
    peer="12D3KooW", other="Detroit", machine="mill/prusa", machine_name="Prusa",
    facility_name="Detroit", pieces=3, good=1, scrap=0, surplus=0, signers=2,
    since_ms=1_750_000_000_000, sentence="Detroit lost it.", to_do="Ring up.",
    command=f"fabnet write-off {LOT} --reason TEXT --key FILE",
)  # fmt: skip


def pem(folder: Path, name: str, key: SigningKey) -> str:
    write_secret(folder / name, key.to_pem())
    return str(folder / name)


async def typed(desk: Desk, *words: str) -> int:
    """Run a command as a steward would."""
    api = ("--api", desk.url, "--token", desk.tokens["steward"])
    return await asyncio.to_thread(main, [*words, *api])


def test_a_doubt_is_a_row_and_below_it_words() -> None:
    text = told(Doubts([DOUBT], 4))

    for words in (
        "LOT         WHAT      WHERE           GOOD    SINCE",
        f"{LOT}  lot-lost  Prusa, Detroit  1 of 3  2025-06-15 15:06 UTC",
        f"{LOT}: Detroit lost it.\n  Ring up.",
        "2 must sign, where the charter names so many",
        f"  fabnet write-off {LOT} --reason TEXT --key FILE",
        "and 4 more",
    ):
        assert words in text
    assert told(Doubts([], 0)) == "nothing waits for a person"


@pytest.mark.asyncio
async def test_a_bench_is_counted_as_doubts_says(
    tmp_path: Path, capsys: Capture
) -> None:
    key = pem(tmp_path, "steward.pem", STEWARD)
    async with at_desk(tmp_path, database=NEWER) as desk:
        await bench_lost(desk)
        assert await typed(desk, "doubts") == 0
        text = capsys.readouterr().out
        assert f"fabnet attest {LOT} --good N --scrap N --key FILE" in text

        counted = ("attest", LOT, "--good", "2", "--scrap", "1", "--key", key)
        assert await typed(desk, *counted) == 0
        assert "attested: 2 good, 1 scrap" in capsys.readouterr().out
        assert await typed(desk, "doubts", "--json") == 0
        left = json.loads(capsys.readouterr().out)
        assert [it["kind"] for it in left["doubts"]] == ["restored"]
        assert await typed(desk, *counted) == 1
        assert "names no bench that is to be counted here" in capsys.readouterr().err


@pytest.mark.asyncio
async def test_two_who_are_apart_pass_a_file_on(
    tmp_path: Path, capsys: Capture
) -> None:
    steward = pem(tmp_path, "steward.pem", STEWARD)
    other = pem(tmp_path, "other.pem", DESIGNER)
    half = str(tmp_path / "half.json")
    async with at_desk(tmp_path) as desk:
        name = await filed(desk, pieces=3)
        await desk.make()
        async with asyncio.timeout(20):
            while (await desk.until_lot(name, "confirmed"))["good"] != 1:
                await asyncio.sleep(0.05)
        lot = f"{name[7:15]}/1"

        begun = ("write-off", lot, "--key", other, "--write", half)
        assert await typed(desk, *begun) == 1
        assert "--reason: expected what happened" in capsys.readouterr().err
        assert await typed(desk, *begun, "--reason", "Flooded.", "--json") == 0
        written = json.loads(capsys.readouterr().out)
        assert written["signed_by"] == [DESIGNER.public.did]
        assert (await desk.until_lot(name, "confirmed"))["good"] == 1

        ended = ("write-off", lot, "--key", steward, "--document", half)
        assert await typed(desk, *ended, "--reason", "Burnt.") == 1
        assert "says something else: reason Flooded." in capsys.readouterr().err
        assert await typed(desk, *ended) == 0
        assert "written off: 2 pieces, owed again" in capsys.readouterr().out
        await desk.until_lot(name, "written-off")


@pytest.mark.parametrize(
    ("lot", "said"),
    [("abcdefgh", "expected such as abcdefgh/1"), ("ab/1", "such as"), ("abc/x", "as")],
)
def test_a_lot_that_is_misspelt_is_told(lot: str, said: str, capsys: Capture) -> None:
    assert main(["write-off", lot, "--reason", "x", "--key", "k.pem"]) == 1

    assert said in capsys.readouterr().err


def test_each_signature_is_added_to_what_was_said() -> None:
    half = sign(None, WRITE_OFF, SUBJECT, [STEWARD])

    whole = sign(half, WRITE_OFF, SUBJECT, [DESIGNER])

    assert open_credential(whole).signers == {STEWARD.public, DESIGNER.public}
    with pytest.raises(InputError, match="missing 2"):
        sign(half, WRITE_OFF, {**SUBJECT, "missing": 3}, [DESIGNER])
    with pytest.raises(FabnetError):
        sign(half, "FabnetAttestation", SUBJECT, [DESIGNER])
