"""What changed between two revisions, and nothing else."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.designs.diff import Change, compare
from fabnet.designs.revision import Origin, Revision
from tests.designs.samples import (
    FILES,
    RIGHTSHOLDERS,
    cid_of,
    entry,
    requirement,
    revision,
)

CHANGED = msgspec.structs.replace
OLD = revision()


def only(new: Revision) -> Change:
    [change] = compare(OLD, new)
    return change


def test_a_revision_does_not_differ_from_itself() -> None:
    assert compare(OLD, revision()) == ()


def test_a_file_with_other_content_is_changed() -> None:
    files = (entry("hook.scad", "source", b"new"), *FILES[1:])
    changes = compare(OLD, CHANGED(OLD, files=files))

    assert [(it.name, it.field) for it in changes] == [
        ("hook.scad", "cid"),
        ("hook.scad", "bytes"),
    ]
    assert changes[0].was == FILES[0].cid
    assert changes[0].now == of_raw(b"new")


def test_a_file_is_added_or_removed_by_its_path() -> None:
    more = CHANGED(OLD, files=(*FILES, entry("new.md", "instructions", b"new")))

    assert only(more) == Change("file", "new.md", "added", "", None, None)
    [gone] = compare(more, OLD)
    assert (gone.name, gone.what) == ("new.md", "removed")


def test_a_file_that_only_lies_elsewhere_is_moved() -> None:
    old = CHANGED(OLD, files=(entry("a.md", "instructions", b"a"),))
    new = CHANGED(OLD, files=(entry("docs/a.md", "instructions", b"a"),))

    assert compare(old, new) == (
        Change("file", "docs/a.md", "moved", "path", "a.md", "docs/a.md"),
    )


def test_a_content_with_two_homes_is_not_said_to_have_moved() -> None:
    new = CHANGED(OLD, files=tuple(entry(f"{it.path}.x", it.role) for it in FILES))

    assert {it.what for it in compare(OLD, new) if it.subject == "file"} == {
        "added", "removed",
    }  # fmt: skip


def test_a_part_is_compared_field_by_field() -> None:
    (part,) = OLD.parts
    taller = CHANGED(part, quantity=2, requirement=requirement(size_z_um=12_000))
    changes = compare(OLD, CHANGED(OLD, parts=(taller,)))

    assert [(it.field, it.was, it.now) for it in changes] == [
        ("quantity", 1, 2),
        ("requirement.size_z_um", 10_000, 12_000),
    ]


def test_licence_rightsholders_and_lineage_are_told() -> None:
    cid = cid_of(OLD)
    new = CHANGED(
        OLD,
        licence="CERN-OHL-P-2.0",
        rightsholders=RIGHTSHOLDERS[:2],
        lineage=cid,
        parents=(cid,),
        derived_from=(Origin(cid=cid, relation="part", quantity=2),),
    )
    told = {(it.subject, it.what, it.field) for it in compare(OLD, new)}

    assert told == {
        ("design", "changed", "licence"),
        ("design", "changed", "lineage"),
        ("rightsholder", "removed", ""),
        ("parent", "added", ""),
        ("origin", "added", ""),
    }


def test_how_many_of_a_design_are_taken_is_compared() -> None:
    cid = cid_of(OLD)
    one = CHANGED(OLD, derived_from=(Origin(cid=cid, relation="part"),))
    two = CHANGED(OLD, derived_from=(Origin(cid=cid, relation="part", quantity=2),))
    [change] = compare(one, two)

    assert (change.field, change.was, change.now) == ("part", 1, 2)


paths = st.dictionaries(
    st.sampled_from(["a.md", "b.md", "c/d.md", "e.stl"]), st.binary(max_size=2)
)


@given(paths, paths)
def test_the_way_back_undoes_the_way_there(
    before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    old, new = (
        CHANGED(
            OLD,
            parts=(),
            files=tuple(entry(path, "instructions", raw) for path, raw in each.items()),
        )
        for each in (before, after)
    )
    there, back = compare(old, new), compare(new, old)

    assert (there == ()) == (
        dict(sorted(before.items())) == dict(sorted(after.items()))
    )
    changed = {(it.name, it.field, it.was, it.now) for it in there if it.field}
    undone = {(it.name, it.field, it.now, it.was) for it in back if it.field}
    assert {it for it in changed if it[1] != "path"} == {
        it for it in undone if it[1] != "path"
    }
    assert {it.name for it in there if it.what == "added"} == {
        it.name for it in back if it.what == "removed"
    }
