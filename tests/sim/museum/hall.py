"""All exhibits: it grows with every bug that is fixed."""

from __future__ import annotations

from typing import Final

from tests.sim.museum.asking import ASKING
from tests.sim.museum.carrying import CARRYING
from tests.sim.museum.exhibit import Exhibit
from tests.sim.museum.keeping import KEEPING
from tests.sim.museum.running import RUNNING
from tests.sim.museum.soaking import SOAKING
from tests.sim.museum.working import WORKING

ROOMS: Final = (ASKING, WORKING, CARRYING, KEEPING, RUNNING, SOAKING)
MUSEUM: Final[dict[str, Exhibit]] = {
    name: exhibit for room in ROOMS for name, exhibit in room.items()
}
"""By what is wrong."""
