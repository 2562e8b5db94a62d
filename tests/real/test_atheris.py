"""Readers written in Python under atheris, which mutates what reaches new lines.

The corpus is our own: the good and the bad rows of `tests/hostile`, and what earlier
runs here found beside them, kept in `.cache` until `make clean`. An input that breaks a
reader is printed; it becomes a row of a table there.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.hostile import files, names, papers, profile, wire
from tests.hostile.rows import Table
from tests.house.tree import ROOT
from tests.real.conftest import CACHE
from tests.real.wheels import beside, wheel

pytestmark = pytest.mark.real

ATHERIS = "atheris==3.0.0"
SCRIPT = Path(__file__).with_name("fuzz") / "run.py"
RUNS = 8_000
"""Executions of each reader; some 5 to 20 s for all of a slow one."""
RUN_S_MAX = 120

SEEDS: dict[str, tuple[Table, ...]] = {
    "names": (names.CIDS, names.KEYS, names.DIDS, names.ADDRESSES, profile.MOMENTS),
    "addresses": (names.BINARY_ADDRESSES,),
    "logins": (names.AUTHORIZATIONS,),
    "envelopes": (wire.PEER_RECORDS, wire.ENVELOPES),
    "credentials": (profile.CREDENTIALS, profile.JSONS),
    "manifests": (papers.MANIFESTS,),
    "okh": (files.OKHS, files.YAMLS),
    "bills": (files.BOMS,),
    "archives": (files.ARCHIVES,),
    "meshes": (files.TEXT_STLS,),
    "drawings": (files.DXFS,),
}
CHOSEN = frozenset({"names", "envelopes"})
"""Targets whose first byte says which of several readers it is for."""


def seeds(target: str) -> Iterable[bytes]:
    """Yield the inputs to begin with, none longer than a page."""
    for at, table in enumerate(SEEDS[target]):
        for each in (table.good, *(row.bad for row in table.rows)):
            raw = each.encode("utf-8", "replace") if isinstance(each, str) else each
            if isinstance(raw, bytes) and len(raw) <= 4_096:
                yield bytes((at,)) + raw if target in CHOSEN else raw


@pytest.mark.parametrize("target", SEEDS)
def test_nothing_makes_a_reader_raise_but_what_it_says(target: str) -> None:
    if sys.platform != "linux":
        pytest.skip("atheris comes as a wheel for Linux alone")
    home = wheel(ATHERIS)
    corpus = CACHE / "corpora" / target / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    for raw in seeds(target):
        (corpus / hashlib.sha256(raw).hexdigest()[:16]).write_bytes(raw)
    done = subprocess.run(
        (sys.executable, str(SCRIPT), target, str(corpus), str(RUNS)),
        env=beside(home, ROOT), cwd=corpus.parent, capture_output=True, text=True,
        timeout=RUN_S_MAX, check=False,
    )  # fmt: skip

    told = done.stdout + done.stderr
    ran = re.search(r"Done (\d+) (?:runs )?in", told)
    assert done.returncode == 0, told[-6_000:]
    assert ran is not None, told[-2_000:]
    assert int(ran[1]) >= RUNS
