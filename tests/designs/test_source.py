"""A reciprocal licence asks for source: of the whole, and of a part under its own."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import Part, Revision
from fabnet.designs.source import is_mesh, only_mesh, source_missing
from tests.designs.samples import entry, requirement, revision

STL = entry("hook.stl", "export")


def with_files(licence: str, *files: str, own: str | None = None) -> Revision:
    """A design of one part that has `hook.scad` among its files, if it is there."""
    kept = (*(entry(path, "source") for path in files), STL)
    part = Part(
        name="Hook",
        requirement=requirement(),
        reference_s=60,
        quantity=1,
        files=tuple(it.path for it in kept if it.path.startswith("hook.")),
        licence=own,
    )
    return msgspec.structs.replace(revision(licence), files=kept, parts=(part,))


@pytest.mark.parametrize(
    "licence", ["CERN-OHL-S-2.0", "CERN-OHL-W-2.0", "GPL-3.0-only"]
)
def test_a_reciprocal_licence_needs_a_source(licence: str) -> None:
    lacking = source_missing(with_files(licence))

    assert isinstance(lacking, Refused)
    assert lacking.reason == "source-missing"
    assert dict(lacking.args)["clause"]
    assert source_missing(with_files(licence, "hook.scad")) is None


def test_a_permissive_licence_does_not() -> None:
    assert source_missing(with_files("MIT")) is None


def test_a_part_under_its_own_licence_needs_its_own_source_or_a_common_one() -> None:
    lacking = source_missing(with_files("MIT", own="CERN-OHL-S-2.0"))
    assert isinstance(lacking, Refused)
    assert lacking.reason == "part-source-missing"
    assert dict(lacking.args)["part"] == "Hook"

    for path in ("hook.scad", "all.scad"):
        assert source_missing(with_files("MIT", path, own="CERN-OHL-S-2.0")) is None


def test_a_source_of_another_part_is_not_this_parts() -> None:
    one = with_files("MIT", "other.scad", own="CERN-OHL-S-2.0")
    other = msgspec.structs.replace(
        one.parts[0], name="Other", files=("other.scad",), licence=None
    )
    both = msgspec.structs.replace(one, parts=(*one.parts, other))

    assert isinstance(source_missing(both), Refused)


def test_a_mesh_said_to_be_the_only_source_is_told() -> None:
    assert only_mesh(with_files("MIT", "hook.STL")) == "hook.STL"
    assert only_mesh(with_files("MIT", "hook.3mf", "hook.scad")) is None
    assert only_mesh(with_files("MIT")) is None
    assert is_mesh("a.b/hook.obj")
    assert not is_mesh("stl")
