"""One node drives a machine: whatever stands for it is locked while the node runs.

The lock is the system's own, so it goes with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fabnet.errors import InputError


@contextmanager
def held(machines: Iterable[Path]) -> Iterator[None]:
    """Hold each of these, or raise InputError where another process does."""
    with ExitStack() as stack:
        for machine in machines:
            beside = machine.with_name(f"{machine.name}.lock")
            handle = os.open(beside, os.O_CREAT | os.O_RDWR, 0o600)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                why = f"{machine}: the machine is in the hands of another"
                raise InputError("machine", why) from error
        yield
