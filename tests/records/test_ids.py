"""A name has one spelling; a body that spells it otherwise is not read."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import of_dag_pb, of_raw
from fabnet.records import ids
from fabnet.records.ids import Incarnation, Window
from fabnet.records.keys import SigningKey

PEER = SigningKey.from_seed(bytes(32)).public.peer
RAW = of_raw(b"x")
SHA = "sha256:" + "0a" * 32

SOUND: list[tuple[object, list[str]]] = [
    (ids.PeerIdText, [PEER]),
    (ids.CidText, [RAW, of_dag_pb(b"x")]),
    (ids.RecordIdText, [RAW]),
    (ids.JobIdText, [RAW]),
    (ids.CharterIdText, [SHA]),
    (ids.DocumentIdText, [SHA]),
    (ids.FacilityIdText, ["a", "lab-2", "x" * 40]),
    (ids.MachineIdText, ["lab/prusa-1", "x" * 40 + "/" + "y" * 40]),
    (ids.KindText, ["revision/1", "notice.offer/12", "lot-opened/999"]),
    (ids.Token, ["pla", "too-tall", "3d_print.fdm", "x" * 60]),
]

UNSOUND: list[tuple[object, list[str]]] = [
    (ids.PeerIdText, ["", PEER[:-1], PEER + "1", "Qm" + PEER[2:], PEER[:-1] + "0"]),
    (ids.CidText, ["", RAW[:-1], RAW + "a", RAW.upper(), RAW[:-1] + "1"]),
    (ids.RecordIdText, [of_dag_pb(b"x"), RAW[:-1]]),
    (ids.JobIdText, [of_dag_pb(b"x"), RAW[:-1]]),
    (ids.CharterIdText, [SHA[:-1], SHA.upper(), SHA[7:], SHA + "0"]),
    (ids.DocumentIdText, [SHA[:-1], SHA.upper(), SHA[7:], SHA + "0"]),
    (ids.FacilityIdText, ["", "Lab", "a b", "a/b", "x" * 41, "é"]),
    (ids.MachineIdText, ["", "lab", "lab/", "/m", "a/b/c", "lab/M"]),
    (ids.KindText, ["", "revision", "revision/0", "revision/01", "R/1", "a/1000"]),
    (ids.Token, ["", "a b", "PLA", "x" * 61, "plá"]),
]


def reads(of: object, value: object) -> bool:
    try:
        msgspec.convert(value, of)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("of", "text"), [(of, text) for of, texts in SOUND for text in texts]
)
def test_a_sound_name_is_read(of: object, text: str) -> None:
    assert reads(of, text)


@pytest.mark.parametrize(
    ("of", "text"), [(of, text) for of, texts in UNSOUND for text in texts]
)
def test_an_unsound_name_is_refused(of: object, text: str) -> None:
    assert not reads(of, text)


@pytest.mark.parametrize(("of", "texts"), SOUND)
@pytest.mark.parametrize("around", ["{}\n", "\n{}", " {}", "{}\0", "{0}\n{0}"])
def test_nothing_may_stand_around_a_name(
    of: object, texts: list[str], around: str
) -> None:
    assert not reads(of, around.format(texts[0]))


def test_of_two_incarnations_the_higher_counter_comes_later() -> None:
    assert Incarnation(1, 9) < Incarnation(2, 0) < Incarnation(2, 1)


@pytest.mark.parametrize(
    "pair", [[0, 0], [2**32, 0], [1, -1], [1, 2**63], [1], [1, 2, 3]]
)
def test_an_incarnation_out_of_bounds_is_refused(pair: list[int]) -> None:
    assert reads(Incarnation, [1, 0])
    assert reads(Incarnation, [2**32 - 1, 2**63 - 1])
    assert not reads(Incarnation, pair)


def test_a_window_holds_its_first_moment_and_not_its_last() -> None:
    morning, noon = Window(100, 200), Window(200, 300)

    assert morning.holds(Window(100, 200))
    assert not morning.holds(Window(100, 201))
    assert not morning.overlaps(noon)
    assert morning.overlaps(Window(199, 201))
