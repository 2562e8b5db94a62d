"""Each driver keeps what its class promises."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import get_args

import pytest

from fabnet.node.config import DriverClass, DriverName
from fabnet.node.drivers.driver import (
    MachineLostError,
    NotBegun,
    Outcome,
    Running,
    Unknown,
    name_of,
)
from tests.node.drivers.contract import (
    LONG_S,
    WORKSHOPS,
    Workshop,
    dies_while_making,
    makes,
    piece,
    quiet,
)

pytestmark = pytest.mark.asyncio


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    return WORKSHOPS[request.param](tmp_path)


def every(*classes: DriverClass) -> pytest.MarkDecorator:
    """Ask it of every driver of these classes."""
    found = [(name, of) for name, of in WORKSHOPS if of in classes]
    return pytest.mark.parametrize("shop", found, indirect=True, ids="-".join)


async def test_every_driver_that_can_be_configured_is_here() -> None:
    assert {name for name, _ in WORKSHOPS} == set(get_args(DriverName))


@every("A", "B", "C")
async def test_it_says_its_class_and_makes_a_piece(shop: Workshop) -> None:
    driver = shop.driver()

    outcome = await makes(shop, driver, piece(1))

    assert driver.driver_class == shop.driver_class
    assert (outcome.good, outcome.mass_mg) == (True, 1)
    assert shop.begun() == 1


@every("A")
async def test_a_says_that_a_piece_was_not_begun(shop: Workshop) -> None:
    assert await shop.driver().ask(piece(1)) == NotBegun()


@every("A")
async def test_a_has_in_hand_what_its_node_died_over_and_begins_it_once(
    shop: Workshop,
) -> None:
    await dies_while_making(shop, shop.driver(), piece(1, 1))
    driver = shop.driver()

    held = await driver.ask(piece(1, 1))
    outcome = await driver.make(piece(1, 1), quiet)

    assert isinstance(held, Running)
    assert outcome.good
    assert shop.begun() == 1


@every("A")
async def test_a_knows_what_it_finished_while_nobody_was_there(shop: Workshop) -> None:
    await dies_while_making(shop, shop.driver(), piece(1, 1))
    await asyncio.sleep(1)

    told = await shop.driver().ask(piece(1, 1))

    assert isinstance(told, Outcome)
    assert await shop.driver().make(piece(1, 1), quiet) == told, "made once"
    assert shop.begun() == 1


@every("A")
async def test_a_begins_nothing_beside_a_piece_in_hand(shop: Workshop) -> None:
    await dies_while_making(shop, shop.driver(), piece(1, LONG_S))
    driver = shop.driver()

    told = await driver.ask(piece(2, LONG_S))
    with pytest.raises(MachineLostError):
        await driver.make(piece(2, LONG_S), quiet)

    assert isinstance(told, Unknown)
    assert shop.begun() == 1


@every("B")
async def test_b_says_that_what_was_under_way_is_scrap(shop: Workshop) -> None:
    await dies_while_making(shop, shop.driver(), piece(1, LONG_S))

    told = await shop.driver().ask(piece(1, LONG_S))

    assert told == Outcome(good=False, run_s=0, energy_wh=0, mass_mg=0)


@every("B")
async def test_b_does_not_know_of_a_piece_whose_end_was_sent(shop: Workshop) -> None:
    await makes(shop, shop.driver(), piece(1))  # and the node dies before it is written

    assert isinstance(await shop.driver().ask(piece(1)), Unknown)


@every("C")
async def test_c_never_knows(shop: Workshop) -> None:
    await dies_while_making(shop, shop.driver(), piece(1, LONG_S))
    driver = shop.driver()

    assert isinstance(await driver.ask(piece(1, LONG_S)), Unknown)
    assert isinstance(await driver.ask(piece(2)), Unknown)


async def test_no_two_pieces_have_one_name() -> None:
    names = {name_of(piece(number)) for number in range(1, 50)}

    assert len(names) == 49
    assert all(len(name) == 39 for name in names)
