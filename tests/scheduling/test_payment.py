"""Need before money: nothing that is planned on says what anybody pays."""

from __future__ import annotations

import dataclasses
import re

import msgspec
import pytest

from fabnet.designs.requirement import Requirement
from fabnet.production.capability import Capability
from fabnet.production.handoff import LeaseRequest
from fabnet.production.offer import CapacityOffer
from fabnet.production.plan import Offered, Wanted, Weights
from fabnet.production.request import Request

MONEY = re.compile(r"pay|price|fee|money|currency|coin|token|budget|bid|paid|euro|usd")


@pytest.mark.parametrize("kind", [Wanted, Offered, Weights])
def test_no_figure_of_a_problem_is_money(kind: type) -> None:
    names = [each.name for each in dataclasses.fields(kind)]

    assert names
    assert not [name for name in names if MONEY.search(name)]


@pytest.mark.parametrize(
    "kind", [Request, LeaseRequest, Requirement, Capability, CapacityOffer]
)
def test_nobody_is_asked_what_he_pays(kind: type[msgspec.Struct]) -> None:
    names = [each.name for each in msgspec.structs.fields(kind)]

    assert names
    assert not [name for name in names if MONEY.search(name)]
