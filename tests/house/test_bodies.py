"""What reads as a body may be signed: no type of ours has room for anything else."""

from __future__ import annotations

import importlib
import pkgutil

from msgspec import Struct, inspect

import fabnet
from fabnet.records.body import Body
from fabnet.records.canonical import DEPTH_MAX

LEAVES = (
    inspect.IntType,
    inspect.StrType,
    inspect.BytesType,
    inspect.NoneType,
    inspect.LiteralType,
)


def depth_of(of: inspect.Type) -> int:
    """Return how deep a type's arrays nest; fail on what is never signed."""
    match of:
        case inspect.UnionType(types):
            return max(map(depth_of, types))
        case inspect.StructType(array_like=True, forbid_unknown_fields=True):
            return 1 + max((depth_of(each.type) for each in of.fields), default=0)
        case inspect.VarTupleType(item):
            return 1 + depth_of(item)
        case inspect.LiteralType(values):
            assert all(isinstance(each, str) for each in values)
            return 0
        case _:
            assert isinstance(of, LEAVES), f"{of} is never signed"
            return 0


def bodies() -> list[type[Struct]]:
    for module in pkgutil.walk_packages(fabnet.__path__, "fabnet."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[Struct]] = [Body]
    for of in found:
        found += of.__subclasses__()
    return found[1:]


def test_whatever_reads_as_a_body_may_be_signed() -> None:
    of_ours = [of for of in bodies() if of.__module__.startswith("fabnet.")]

    assert len(of_ours) > 50
    for of in of_ours:
        assert depth_of(inspect.type_info(of)) <= DEPTH_MAX, of
