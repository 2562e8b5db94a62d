"""The commons: what its manifests and files cost to read, beside the barest reader.

`python -m benchmarks.commons [--data DIR]`, or `make bench NAME=commons DATA=DIR`. The
folder is one of OKH manifests, tar.gz archives of them included; without it, manifests
are made up that are as dirty.
"""

from __future__ import annotations

import random
import tarfile
import time
import tomllib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import tomli_w

from benchmarks.figure import Figure, report
from fabnet.designs.okh.manifest import import_okh

SEED = 3
MADE_UP = 1_048
"""As many as the half of the public list that the tests read."""
ROUNDS = 5

LICENCES = (
    "LicenseRef-CC-BY-SA-3.0",
    "LicenseRef-CC BY-SA-4.0",
    "LicenseRef-CERN",
    "CERN-OHL-S-2.0",
)
WORDS = """
a bike cutter for frame loom of press pump solar the to water with wood and
"""


def main() -> None:
    """Measure each, and print it as soon as it is known."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of OKH manifests")
    args = parser.parse_args()
    measures: list[Callable[[Path | None], list[Figure]]] = [okh_import]
    figures: list[Figure] = []
    for measure in measures:
        for figure in measure(args.data):
            figures.append(figure)
            print(figure.line(), flush=True)
    report(figures)


# ------------------------------------------------------------------ OKH


def okh_import(data: Path | None) -> list[Figure]:
    """Return the CPU seconds of importing each manifest; bare tomllib is the baseline.

    Both in the same rounds, by turns, and the median of each; v1's YAML is imported
    with the others and is no part of the baseline.
    """
    raws = list(manifests(data)) if data is not None else made_up(MADE_UP)
    toml = [raw for is_toml, raw in raws if is_toml]
    both = [raw for _, raw in raws]
    ours, theirs, alike = [], [], []
    for _ in range(ROUNDS):
        theirs.append(spent(toml, lambda raw: tomllib.loads(raw.decode())))
        alike.append(spent(toml, import_okh))
        ours.append(spent(both, import_okh))
    whose = "made up" if data is None else "real"
    seeds = [SEED] if data is None else []
    return [
        Figure(
            f"import of {len(both)} {whose} OKH manifests, {len(both) - len(toml)} of "
            f"them v1 (CPU; baseline: bare tomllib parse of the TOML ones)",
            median(ours),
            "s",
            5,
            median(theirs),
            seeds,
        ),
        Figure(
            f"import of {len(toml)} {whose} LOSH manifests, as often as a bare tomllib "
            f"parse of the same (no baseline: it is one)",
            median(alike) / median(theirs),
            "ratio",
            6,
            None,
            seeds,
        ),
    ]


def spent(raws: Sequence[bytes], read: Callable[[bytes], object]) -> float:
    """Return the CPU seconds that reading all of them takes."""
    start = time.process_time()
    for raw in raws:
        read(raw)
    return time.process_time() - start


def manifests(folder: Path) -> Iterator[tuple[bool, bytes]]:
    """Yield each manifest in a folder and its archives, and whether it is TOML."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".toml", ".yaml", ".yml"}:
            yield path.suffix == ".toml", path.read_bytes()
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as members:
                for member in members:
                    file = members.extractfile(member)
                    if file is not None and member.name.endswith(".toml"):
                        yield True, file.read()


def made_up(count: int) -> list[tuple[bool, bytes]]:
    """Return manifests as dirty as real ones, one in forty of them v1."""
    dice = random.Random(SEED)
    return [
        (index % 40 != 0, _made_up(dice, v1=index % 40 == 0)) for index in range(count)
    ]


def _made_up(dice: random.Random, *, v1: bool) -> bytes:
    words = WORDS.split()
    text = " ".join(dice.choices(words, k=dice.randint(20, 160)))
    name = " ".join(dice.choices(words, k=3))
    link = f"https://example.org/{dice.randrange(10**6)}"
    if v1:
        return (
            f"title: {name}\ndescription: >\n  {text}\nproject-link: {link}\n"
            f"version: 1.{dice.randint(0, 30)}\nlicense:\n  hardware: CC-BY-SA 4.0\n"
            f"licensor:\n  name: Ada\nkeywords: [{', '.join(words[:5])}]\n"
        ).encode()
    sides = dice.sample(range(5, 400), 3)
    parts = [
        {
            "name": f"part {index}",
            "tsdc": "3DP",
            "source": f"/parts/{index}.scad",
            "export": [f"/parts/{index}.stl", f"/parts/{index}.pdf"],
            "mass": {"value": dice.randint(1, 900), "unit": "g"},
            "outer-dimensions": {"openSCAD": f"cube(size = {sides}", "unit": "mm"},
        }
        for index in range(18 if dice.random() < 0.02 else 0)
    ]
    return tomli_w.dumps(
        {
            "okhv": "OKH-LOSHv1.0",
            "name": f"{name}\n",
            "repo": link,
            "version": str(dice.randint(1, 60)),
            "license": dice.choice(LICENCES),
            "licensor": dice.choice([".", "ANONYMOUS", "Ada (Ateneu) <a@example.org>"]),
            "function": text,
            "image": [f"{link}/image.jpg"],
            "documentationLanguage": "en",
            "documentationReadinessLevel": "Started",
            "technologyReadinessLevel": dice.choice(["Ideation", "TechnicalDesign"]),
            "timestamp": "1643287968",
            "part": parts,
        }
    ).encode()


if __name__ == "__main__":
    main()
