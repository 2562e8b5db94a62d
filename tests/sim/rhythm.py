"""How often things are looked at in the simulation, in its own milliseconds."""

from __future__ import annotations

from typing import Final

IDLE_MS: Final = 600_000
"""The mind is woken at least so often, to notice a clock that was set."""
DESCRIBE_MS: Final = 1_800_000
LOOK_MS: Final = 120_000
"""How often people look at benches in doubt and at pieces to be accepted."""
ANSWER_MS_MAX: Final = 60_000
