"""The house rules for code that no linter knows."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.house.tree import (
    FOLDERS,
    PACKAGE,
    ROOT,
    functions,
    name_of,
    parsed,
    python_in,
    texts,
)

FILE_LINES_MAX = 500
FILE_LINES_MEDIAN_MAX = 150
FUNCTION_LINES_MAX = 70
FILES_PER_ROOM_MAX = 12

MODULES = python_in("fabnet")
CODE = python_in("fabnet", "tests", "benchmarks")

BROAD_PLACES = ("fabnet/node/api", "fabnet/node/drivers")
"""Where one broad except may stand: the API's outermost middleware, and the task
boundary of a driver. Each logs with a traceback."""

DIALS = {
    "ClientSession", "TCPConnector", "UnixConnector", "open_connection",
    "open_unix_connection", "create_connection", "create_datagram_endpoint", "urlopen",
    "urlretrieve", "HTTPConnection", "HTTPSConnection", "sock_connect", "connect_ex",
}  # fmt: skip
"""What opens a connection, whatever library it is of."""
DIALLERS = {
    "fabnet/node/links/guard.py": "to other peers: every address is checked here",
    "fabnet/node/client.py": "a command to its own node, where its operator says it is",
}

FOREIGN = re.compile(r"(?<![\w.~])/(?:home|mnt|root|tmp|Users|work|workspace)/")
"""Paths that mean something on one machine only."""


def lines_of(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_file_is_a_few_screens_and_a_function_is_one(path: Path) -> None:
    assert lines_of(path) <= FILE_LINES_MAX
    long = [
        f"{function.name}: {function.end_lineno - function.lineno + 1} lines"
        for function in functions(path)
        if function.end_lineno is not None
        and function.end_lineno - function.lineno + 1 >= FUNCTION_LINES_MAX
    ]
    assert not long


def test_the_median_file_fits_in_150_lines() -> None:
    sizes = [lines_of(path) for path in MODULES if path.name != "__init__.py"]

    assert median(sizes) <= FILE_LINES_MEDIAN_MAX


def test_rooms_stay_small() -> None:
    rooms = Counter(path.parent for path in MODULES if path.name != "__init__.py")

    assert not {
        name_of(room): count
        for room, count in rooms.items()
        if count > FILES_PER_ROOM_MAX
    }


def test_every_room_is_in_the_architecture_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    named = {name.strip() for layer in layers for name in layer.split("|")}
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}

    assert rooms - {"__init__"} == named


def broad_excepts(path: Path) -> Iterator[int]:
    """Yield the line of every handler, or `suppress`, that takes any exception."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = [node.type]
        elif isinstance(node, ast.Call) and "suppress" in ast.unparse(node.func):
            caught = list(node.args)
        else:
            continue
        named = " ".join("Exception" if n is None else ast.unparse(n) for n in caught)
        if re.search(r"\b(Base)?Exception(Group)?\b", named):
            yield node.lineno


def test_a_broad_except_stands_in_its_two_places_and_nowhere_else() -> None:
    found = [(name_of(path), line) for path in MODULES for line in broad_excepts(path)]
    allowed = Counter(
        place for name, _ in found for place in BROAD_PLACES if name.startswith(place)
    )

    strangers = [at for at in found if not at[0].startswith(BROAD_PLACES)]
    assert not strangers
    assert all(count == 1 for count in allowed.values()), found


SILENCED = re.compile(r"# (?:noqa|type: ignore)\b")
WITH_REASON = re.compile(r"# (?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z,-]+\])  # \S")


def unexplained(path: Path) -> Iterator[str]:
    """Yield each line that silences a check without naming it and saying why."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if SILENCED.search(line) and not WITH_REASON.search(line):
            yield f"{path}:{number}"


def test_whatever_silences_a_check_names_it_and_says_why_beside() -> None:
    ours = [path for path in python_in(*FOLDERS) if path != Path(__file__)]
    assert not [line for path in ours for line in unexplained(path)]


@pytest.mark.parametrize(
    ("line", "is_explained"),
    [
        ("import numpy  # noqa: PLC0415  # heavy", True),
        ("import numpy  # noqa: PLC0415", False),
        ("import numpy  # noqa", False),
        ("call(1)  # type: ignore[arg-type]  # wrong on purpose", True),
        ("call(1)  # type: ignore[arg-type]", False),
        ("call(1)  # type: ignore", False),
    ],
)
def test_a_reason_is_told_from_none(
    tmp_path: Path, line: str, is_explained: bool
) -> None:
    (tmp_path / "one.py").write_text(line)
    assert bool(list(unexplained(tmp_path / "one.py"))) is not is_explained


def test_a_broad_except_in_any_spelling_is_seen(tmp_path: Path) -> None:
    spellings = (
        "try: pass\nexcept: pass",
        "try: pass\nexcept Exception: pass",
        "try: pass\nexcept (ValueError, BaseException): pass",
        "with contextlib.suppress(Exception): pass",
    )
    for number, source in enumerate(spellings):
        path = tmp_path / f"{number}.py"
        path.write_text(source)
        assert list(broad_excepts(path)), source


def test_no_line_names_a_path_of_one_machine() -> None:
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FOREIGN.search(line)
    ]

    assert not found
    assert FOREIGN.search(f"see {Path('/', 'tmp', 'plan')}")


def test_every_init_is_a_docstring_and_nothing_more() -> None:
    busy = [
        name_of(path)
        for path in MODULES
        if path.name == "__init__.py" and path.parent != PACKAGE
        if len(parsed(path).body) != 1 or ast.get_docstring(parsed(path)) is None
    ]

    assert not busy


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_guard_opens_connections(path: Path) -> None:
    """Else an address that somebody else names could lead around its checks."""
    called = {
        function.attr if isinstance(function, ast.Attribute) else function.id
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        if isinstance(function := node.func, ast.Attribute | ast.Name)
    }
    if path.relative_to(ROOT).as_posix() not in DIALLERS:
        assert not called & DIALS
    else:
        assert called & DIALS, "it dials nowhere any more: take it off the list"
