"""How much memory another process has."""

from __future__ import annotations

from pathlib import Path


def memory(process: int, name: str) -> float:
    """Return a line of /proc/PID/status, in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1_024 / 1e6
    raise LookupError(name)
