"""What a kernel and its twin are both held to."""

from __future__ import annotations

import pytest

from fabnet.scheduling import fast

KERNEL = pytest.param(
    True,
    marks=pytest.mark.skipif(not fast.INSTALLED, reason="numba is not installed"),
    id="kernel",
)
EITHER = pytest.mark.parametrize("compiled", [KERNEL, pytest.param(False, id="twin")])
