"""Each test of the talks runs with the kernels and with their twins."""

from __future__ import annotations

import pytest

from fabnet.scheduling import fast


@pytest.fixture(params=["kernel", "numpy"], autouse=True)
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with the kernels, and once more with their twins."""
    if request.param == "kernel" and not fast.INSTALLED:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(fast, "FAST", request.param == "kernel")
    return str(request.param)
