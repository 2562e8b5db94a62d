"""Where probes stand in the product, and how they are put there.

There are two sorts. A *word* is a code on its way to people: the argument of whatever
takes one. A *path* is the beginning of a run of statements in a room of recovery: of a
function, of a branch, and of what follows a branch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[2] / "fabnet"
PROBE: Final = "__probe__"
"""What a rewritten module calls; Python never mangles such a name."""

LINE, REASON, DOUBT, MANIFEST, SAID = "line", "reason", "doubt", "manifest", "said"
"""What a word is: a story's line, a clause, a doubt's kind, a note on a manifest, or
a line or a clause, whichever has that code."""
MOUTHS: Final = {
    "note": ((1, LINE), ("reason", REASON)),
    "Refusal": ((0, REASON),),
    "Refused": ((0, REASON),),
    "Review": ((0, REASON),),
    "Ignored": ((0, REASON),),
    "Misfit": ((0, REASON),),
    "problem": ((1, SAID),),
    "sentence": ((0, SAID),),
    "reason": ((0, SAID),),
    "Doubt": ((0, DOUBT),),
    "doubt_told": ((0, DOUBT),),
    "normalised": ((0, MANIFEST),),
    "warning": ((0, MANIFEST),),
    "error": ((0, MANIFEST),),
    "tell": ((0, MANIFEST),),
    "Note": ((1, MANIFEST),),
}
"""Which argument of what is a code, by its place or its name, and of which sort."""
ROOMS: Final = (
    "protocol/release.py",
    "protocol/handoff/doubt",
    "production/lots/remnant.py",
    "node/store/alarm.py",
    "node/store/incarnation.py",
    "node/store/writer.py",
    "node/store/datadir.py",
)
"""Where fabnet recovers: from a restore, a lost database, a failing disk."""

_BLOCKS = ("body", "orelse", "finalbody")


def is_recovery(path: Path) -> bool:
    """Whether every path of a file is watched."""
    name = path.relative_to(PACKAGE).as_posix()
    return any(name == room or name.startswith(room + "/") for room in ROOMS)


def placed(source: str | bytes, path: Path) -> ast.Module:
    """Return a file of the product with its probes in place."""
    tree = ast.parse(source, path)
    for call in list(_calls(tree)):
        for at, sort in MOUTHS.get(_name(call), ()):
            _watch(call, at, sort)
    if is_recovery(path):
        for function in _functions(tree):
            _mark(function.body, _where(path, function.name))
    return ast.fix_missing_locations(tree)


def paths(path: Path) -> set[str]:
    """Return every path that is watched in a file."""
    tree = placed(path.read_bytes(), path)
    return {
        str(ast.literal_eval(call.args[0]))
        for call in _calls(tree)
        if _name(call) == PROBE and len(call.args) == 1
    }


def words(path: Path) -> set[str]:
    """Return every word that stands as a literal where a file says something."""
    return {
        f"{sort} {leaf.value}"
        for call in _calls(ast.parse(path.read_bytes(), path))
        for at, sort in MOUTHS.get(_name(call), ())
        if (argument := _argument(call, at)) is not None
        for leaf in _leaves(argument)
        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
    }


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _argument(call: ast.Call, at: int | str) -> ast.expr | None:
    if isinstance(at, str):
        named = (each.value for each in call.keywords if each.arg == at)
        return next(named, None)
    if len(call.args) <= at or any(
        isinstance(each, ast.Starred) for each in call.args[: at + 1]
    ):
        return None
    return call.args[at]


def _leaves(argument: ast.expr) -> Iterator[ast.expr]:
    """Yield what an argument may be: either side of a choice, and nothing tested."""
    if isinstance(argument, ast.IfExp):
        yield from _leaves(argument.body)
        yield from _leaves(argument.orelse)
    else:
        yield argument


def _watch(call: ast.Call, at: int | str, sort: str) -> None:
    """Have an argument seen on its way: `f(x)` becomes `f(__probe__(sort, x))`."""
    argument = _argument(call, at)
    if argument is None:
        return
    seen = _probe(argument, ast.Constant(sort), argument)
    if isinstance(at, int):
        call.args[at] = seen
    else:
        next(each for each in call.keywords if each.arg == at).value = seen


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _where(path: Path, function: str) -> str:
    return f"{path.relative_to(PACKAGE).as_posix()} {function}"


def _mark(block: list[ast.stmt], where: str) -> None:
    """Put a probe before each run of plain statements, within and behind branches."""
    marked: list[ast.stmt] = []
    is_new = True
    for statement in block:
        is_text = isinstance(statement, ast.Expr) and isinstance(
            statement.value, ast.Constant
        )
        if is_new and not is_text:
            marked.append(ast.copy_location(_path(statement, where), statement))
            is_new = False
        marked.append(statement)
        for inner in _inner(statement):
            _mark(inner, where)
            is_new = True
    block[:] = marked


def _inner(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for name in _BLOCKS:
        inner = getattr(statement, name, None)
        if inner:
            yield inner
    for each in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
        yield each.body


def _path(statement: ast.stmt, where: str) -> ast.Expr:
    name = ast.Constant(f"path {where}:{statement.lineno}")
    return ast.Expr(_probe(statement, name))


def _probe(at: ast.AST, *args: ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(PROBE, ast.Load()), list(args), [])
    for node in (call, call.func, *args):
        if not hasattr(node, "lineno"):
            ast.copy_location(node, at)
    return call
