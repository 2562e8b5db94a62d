"""A file is measured by its suffix; what has no reader is carried as it is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.geometry.measure import is_measured, measure
from fabnet.designs.requirement import Drawing, Geometry
from fabnet.errors import RemoteError
from tests.designs.drawings import circle, plain
from tests.designs.packages import item, mesh, model, package, thing
from tests.designs.samples import cuboid, stl

BLOCK = cuboid(3, 4, 5)


def test_each_form_is_read_by_its_own_reader() -> None:
    by_stl = measure("parts/block.STL", stl(BLOCK))
    by_3mf = measure("block.3mf", package(model(thing(1, mesh(BLOCK)), item(1))))
    by_dxf = measure("hole.dxf", plain(circle(0, 0, 5)))

    assert isinstance(by_stl, Geometry)
    assert by_3mf == by_stl
    assert isinstance(by_dxf, Drawing)
    assert by_dxf.size_um == (10_000, 10_000)


@pytest.mark.parametrize("path", ["hook.scad", "stl", "hook.stl.txt", "", "README"])
def test_what_nobody_reads_is_not_measured(path: str) -> None:
    assert not is_measured(path)
    assert measure(path, b"anything") is None


@given(st.sampled_from(["a.stl", "a.3mf", "a.dxf"]), st.binary(max_size=200))
def test_a_file_that_is_not_what_its_suffix_says_is_refused(
    path: str, data: bytes
) -> None:
    assert is_measured(path)
    with suppress(RemoteError):
        assert measure(path, data) is not None
