"""From manifest and files to a revision: nothing made up, every no with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tomli_w

from fabnet.content.cid import of_raw
from fabnet.designs.drafting import revision_from, role_of
from fabnet.designs.geometry.stl import read_stl
from fabnet.designs.licence.expression import Refused
from fabnet.designs.okh.manifest import import_okh
from fabnet.designs.okh.values import Toml
from fabnet.designs.requirement import Drawing, Shape
from fabnet.designs.revision import FileEntry, Revision, encode, parse
from fabnet.errors import MalformedError
from tests.designs.samples import FILES, HOOK, RIGHTSHOLDERS, cuboid, entry, stl

MESH = read_stl(stl(cuboid(30, 20, 10)))
RING = Drawing((60_000, 2_000), 500_000, 10**8, 2, 0, 0, (), "millimetre", ())
MANIFEST = import_okh(HOOK.encode()).manifest


def drafted(
    text: str = HOOK,
    *,
    files: tuple[FileEntry, ...] = FILES,
    geometry: dict[str, Shape] | None = None,
) -> Revision | Refused:
    meshes: dict[str, Shape] = {"hook.stl": MESH} if geometry is None else geometry
    return revision_from(
        import_okh(text.encode()).manifest, files, RIGHTSHOLDERS, meshes
    )


def made(text: str, geometry: dict[str, Shape] | None = None) -> Revision:
    """Return the revision that comes of it."""
    revision = drafted(text, geometry=geometry)
    assert isinstance(revision, Revision)
    return revision


def revision(text: str = HOOK) -> Revision:
    return made(text)


def module(**keys: Toml) -> str:
    """Return a manifest without parts, which is itself the thing to make."""
    table: dict[str, Toml] = {
        "okhv": "2.4",
        "name": "Ring",
        "repo": "https://example.org/ring",
        "version": "1",
        "license": "MIT",
        "licensor": "Ada",
        "function": "Is round.",
    }
    return tomli_w.dumps(table | keys)


def test_each_part_asks_for_what_its_manifest_states() -> None:
    hook, plate, assembly = revision().parts

    assert hook.requirement.process == "3d-printing.fdm"
    assert hook.requirement.materials == ("pla", "petg")
    assert hook.requirement.nozzle_um == 400
    assert hook.quantity == 2
    assert hook.files == ("hook.scad", "hook.stl")
    assert plate.requirement.process == "laser-cutting"
    assert plate.requirement.materials == ("plywood",)
    assert plate.requirement.thickness_um == 4_000
    assert assembly.requirement.process == "assembly"
    assert assembly.requirement.skills == ("screws",)


def test_size_comes_from_the_mesh_else_from_the_outer_dimensions() -> None:
    hook, plate, _ = (part.requirement for part in revision().parts)

    assert (hook.size_x_um, hook.size_y_um, hook.size_z_um) == (30_000, 20_000, 10_000)
    assert (plate.size_x_um, plate.size_y_um) == (120_000, 80_500)


def test_what_is_estimated_says_so() -> None:
    hook, plate, assembly = revision().parts

    assert hook.estimates == ("mass_mg", "reference_s", "energy_wh")
    assert 1_000 < hook.requirement.mass_mg < 7_440
    assert plate.estimates == ("reference_s", "energy_wh")
    assert plate.requirement.mass_mg == 85_500
    assert assembly.reference_s == 240
    assert "reference_s" not in assembly.estimates


def test_an_iso_grade_becomes_micrometres_at_the_part_size() -> None:
    plate = revision().parts[1].requirement

    # IT12 at 120 mm: the standard's table says 350 µm for 80 to 120 mm.
    assert plate.tolerance_um == pytest.approx(350, rel=0.1)
    unclear = HOOK.replace("IT12", "about right")
    assert drafted(unclear) == Refused(
        "tolerance-not-understood", (("part", "Plate"), ("class", "about right"))
    )


def test_the_revision_carries_the_whole_manifest() -> None:
    whole = revision()

    assert import_okh(whole.okh.encode()).manifest == MANIFEST
    assert whole.source_location == "https://example.org/hook"
    assert whole.quorum == len(RIGHTSHOLDERS)
    assert parse(encode(whole)) == whole


def test_a_reciprocal_licence_without_source_is_refused_with_its_clause() -> None:
    without = tuple(file for file in FILES if file.role != "source")

    assert drafted(files=without) == Refused(
        "source-missing", (("licence", "CERN-OHL-S-2.0"), ("clause", "4 and 1.9"))
    )
    permissive = HOOK.replace("CERN-OHL-S-2.0", "CERN-OHL-P-2.0")
    assert isinstance(drafted(permissive, files=without), Revision)


def test_an_open_mesh_is_refused() -> None:
    open_mesh = read_stl(stl(cuboid(30, 20, 10)[:-1]))

    assert drafted(geometry={"hook.stl": open_mesh}) == Refused(
        "mesh-not-closed", (("part", "Hook"), ("path", "hook.stl"))
    )


def test_a_sheet_is_cut_along_its_drawing_and_not_around_its_mesh() -> None:
    text = HOOK.replace('source = "plate.svg"', 'export = ["plate.stl", "plate.dxf"]')
    plate = made(text, {"hook.stl": MESH, "plate.stl": MESH, "plate.dxf": RING}).parts[
        1
    ]

    needs = plate.requirement
    assert (needs.size_x_um, needs.size_y_um, needs.size_z_um) == (60_000, 2_000, 4_000)
    assert needs.thickness_um == 4_000
    assert needs.cut_um == 500_000
    assert plate.reference_s == 10 + 500 * 4 // (12 * 3)
    assert plate.estimates == ("reference_s", "energy_wh")
    assert made(HOOK, {"hook.stl": MESH}).parts[1].requirement.cut_um is None


def test_the_mass_of_what_is_left_of_a_sheet_is_an_estimate() -> None:
    text = module(tsdc="LAS", material="MDF", export="a.dxf", **{"thickness-mm": 3})
    (ring,) = made(text, {"a.dxf": RING}).parts

    assert ring.requirement.mass_mg == 100 * 3 * 750 // 1_000
    assert ring.estimates == ("mass_mg", "reference_s", "energy_wh")


def test_a_drawing_without_a_thickness_or_a_contour_is_refused() -> None:
    text = module(tsdc="LAS", export="a.dxf")
    named = (("part", "Ring"), ("path", "a.dxf"))

    assert drafted(text, geometry={"a.dxf": RING}) == Refused(
        "thickness-unknown", named
    )
    slit = replace(RING, contours=0)
    assert drafted(text, geometry={"a.dxf": slit}) == Refused(
        "drawing-not-closed", named
    )


def test_a_part_of_unknown_size_is_refused() -> None:
    assert drafted(geometry={}) == Refused("size-unknown", (("part", "Hook"),))


def test_a_part_of_several_processes_is_refused() -> None:
    text = HOOK.replace('tsdc = "LAS"', 'tsdc = ["CNC", "LAS"]')

    assert drafted(text) == Refused(
        "several-processes", (("part", "Plate"), ("tsdc", "CNC LAS"))
    )


def test_a_manifest_that_lacks_what_okh_requires_is_refused() -> None:
    text = HOOK.replace('function = "Holds a coat."', "")

    assert drafted(text) == Refused("manifest-incomplete", (("keys", "function"),))


def test_a_licence_that_nobody_understands_is_refused() -> None:
    text = HOOK.replace("CERN-OHL-S-2.0", "as you like, really")

    assert drafted(text) == Refused(
        "licence-not-understood", (("licence", "as you like, really"),)
    )


def test_a_manifest_without_processes_makes_nothing() -> None:
    assert revision(module(source="ring.scad")).parts == ()
    assert revision(module(tsdc="STD")).parts == ()


def test_a_module_without_parts_is_its_own_part() -> None:
    text = module(tsdc="3DP", export="hook.stl", material="PLA")
    (part,) = revision(text).parts

    assert part.name == "Ring"
    assert part.requirement.process == "3d-printing"
    assert part.files == ("hook.stl",)


def test_a_part_may_have_a_licence_of_its_own() -> None:
    text = HOOK.replace('material = "Plywood"', 'license = "LicenseRef-CC-BY-SA-4.0"')
    made = revision(text)

    assert made.licence_of(made.parts[1]) == "CC-BY-SA-4.0"
    assert made.licence_of(made.parts[0]) == "CERN-OHL-S-2.0"
    unclear = HOOK.replace('material = "Plywood"', 'license = "mine, all mine"')
    assert isinstance(drafted(unclear), Refused)


def test_a_file_that_breaks_a_bound_is_named() -> None:
    with pytest.raises(MalformedError, match=r"^files\[4\]\.path: "):
        drafted(files=(*FILES, entry("../secrets", "export")))


def test_only_the_manifest_makes_a_file_a_source() -> None:
    roles = {
        path: role_of(MANIFEST, path)
        for path in (
            "hook.scad",
            "hook.stl",
            "bom.csv",
            "images/hook.png",
            "LICENSE.txt",
            "README.md",
            "other.stl",
            "other.scad",
        )
    }

    assert list(roles.values()) == [
        "source",
        "export",
        "bom",
        "image",
        "licence",
        "instructions",
        "export",
        "instructions",
    ]


def test_a_long_text_is_cut_and_still_whole_in_the_manifest() -> None:
    made = revision(module(function="round " * 1_000, tsdc="STD"))

    assert len(made.function) == 2_000
    assert made.function.endswith("…")
    assert "round " * 1_000 in made.okh


def test_later_versions_name_their_parents() -> None:
    first = of_raw(encode(revision()))
    second = revision_from(
        MANIFEST,
        FILES,
        RIGHTSHOLDERS,
        {"hook.stl": MESH},
        quorum=2,
        lineage=first,
        parents=[first],
        source_location="",
    )

    assert isinstance(second, Revision)
    assert (second.lineage, second.parents) == (first, (first,))
    assert (second.quorum, second.source_location) == (2, "")
