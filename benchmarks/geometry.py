"""STL figures beside trimesh's: a torus of 1.3 million triangles, each in a process.

`python -m benchmarks.geometry`, or `make bench NAME=geometry`; QUICK=1 takes a smaller
one. Time is the processor's, from opening the file to box, volume and closedness, so
that other work on the machine counts for neither; memory is the peak above the same
interpreter with its imports.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, report

ROUNDS = 3
MEASURE = """
import json, sys, time
{imports}
def peak():
    # Not ru_maxrss: that of a new process begins with its parent's.
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(l.split()[1]) / 1_024 for l in status if l[:6] == "VmHWM:")
before, start = peak(), time.process_time()
with open(sys.argv[1], "rb") as file:
    {measure}
seconds = time.process_time() - start
print(json.dumps([seconds, peak() - before, volume, closed, list(size)]))
"""
OURS = MEASURE.format(
    imports="from fabnet.designs.geometry.stl import read_stl",
    measure="""shape = read_stl(file.read())
    volume, closed = shape.volume_um3 / 1e9, shape.closed
    size = [side / 1_000 for side in shape.size_um]""",
)
THEIRS = MEASURE.format(
    imports="import trimesh",
    measure="""mesh = trimesh.load_mesh(file, file_type="stl")
    volume, closed = float(mesh.volume), bool(mesh.is_watertight)
    size = mesh.extents.tolist()""",
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one process measured of the mesh, and what that took."""

    seconds: float
    megabytes: float
    volume_mm3: float
    closed: bool
    size_mm: list[float]


def torus(around: int, across: int) -> bytes:
    """Return the binary STL of a torus with two triangles for each of its facets."""
    u = np.linspace(0, 2 * np.pi, around, endpoint=False)[:, None]
    v = np.linspace(0, 2 * np.pi, across, endpoint=False)[None, :]
    far = 40 + 15 * np.cos(v)
    flat = np.zeros((around, across))
    grid = np.stack([far * np.cos(u), far * np.sin(u), flat + 15 * np.sin(v)], -1)
    next_u, next_v = np.roll(grid, -1, 0), np.roll(grid, -1, 1)
    both = np.roll(next_u, -1, 1)
    triangles = np.stack([grid, next_u, both, grid, both, next_v], 2).reshape(-1, 3, 3)
    records = np.zeros(
        len(triangles), [("normal", "<f4", 3), ("v", "<f4", (3, 3)), ("rest", "<u2")]
    )
    records["v"] = triangles
    return bytes(80) + struct.pack("<I", len(triangles)) + records.tobytes()


def run(script: str, path: Path) -> Run:
    """Return the quickest of a few runs, each in a process of its own."""
    runs = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        runs.append(Run(*json.loads(done.stdout)))
    return min(runs, key=lambda each: each.seconds)


def main() -> None:
    """Measure the same mesh with both, see that they agree, print the ratios."""
    around = 100 if os.environ.get("QUICK") == "1" else 1_000
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "torus.stl"
        path.write_bytes(torus(around, 655))
        ours, theirs = run(OURS, path), run(THEIRS, path)
    assert ours.closed
    assert theirs.closed
    assert abs(ours.volume_mm3 / theirs.volume_mm3 - 1) < 1e-6
    assert np.allclose(ours.size_mm, theirs.size_mm, atol=0.001)
    triangles = around * 655 * 2
    figures = [
        Figure(
            f"STL figures of {triangles} triangles (baseline: trimesh, load to closed)",
            ours.seconds,
            "CPU s",
            theirs.seconds / 5,
            theirs.seconds,
        ),
        Figure(
            "memory above the interpreter's (baseline: trimesh's, the same way)",
            ours.megabytes,
            "MB",
            theirs.megabytes / 4,
            theirs.megabytes,
        ),
    ]
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
