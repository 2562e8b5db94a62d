"""An improved plan answers the same rows, keeps every limit, and is never worse."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.production.plan import Placed, Plan, Problem
from fabnet.records.ids import MachineId, PeerId, Window
from fabnet.scheduling.improve import improve
from fabnet.scheduling.plan import plan
from tests.scheduling.oracle import access, cost_terms, identity, making_s
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    WEIGHTS_MAX,
    crowded,
    offered,
    problem,
    problems,
    wanted,
    window,
)

both = problems | crowded
