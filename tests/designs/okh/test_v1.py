"""OKH v1 is lifted into the words of LOSH and lowered again, and nothing is lost."""

from __future__ import annotations

import pytest
import yaml

from fabnet.designs.okh.manifest import export_okh, import_okh
from tests.designs.okh.test_manifest import read, told

KNOB = b"""%Open Know-How Manifest 1.0
---
okh-manifest-version: 1.0.0
title: Door knob
description: |
  A knob that needs no grasp.
intended-use: Opens doors.
keywords: [door, knob]
project-link: https://example.org/knob
documentation-home: "https://example.org/knob/docs "
version: 1.10
date-created: 2025-10-09
license:
  hardware: CERN-OHL-W-2.0
  documentation: CC-BY-SA 4.0
licensor:
  name: Ada
  affiliation: Ateneu
  email: ada@example.org
derivative-of: {title: Lever, web: "https://example.org/lever"}
archive-download: https://example.org/knob.zip
bom: bom.csv
image: knob.jpg
made: true
design-files:
  - {path: knob.scad, title: The knob}
manufacturing-files: [{path: knob.stl}]
making-instructions: [{path: MAKING.md}, {path: FITTING.md}]
operating-instructions: [{path: USE.md, title: Use}]
colour: green
"""


def test_each_key_of_v1_stands_where_losh_has_it() -> None:
    found = import_okh(KNOB)
    data = found.manifest.data

    assert (found.dialect, found.edition, found.ok) == ("v1", "1.0.0", True)
    assert data["name"] == "Door knob"
    assert data["function"] == (
        "A knob that needs no grasp.\n\nOpens doors.\n\ndoor, knob"
    )
    assert data["repo"] == "https://example.org/knob/docs"
    assert data["version"] == "1.10"
    assert data["license"] == "CERN-OHL-W-2.0"
    assert data["licensor"] == {
        "name": "Ada",
        "memberOf": "Ateneu",
        "email": "ada@example.org",
    }
    assert data["fork-of"] == "https://example.org/lever"
    assert data["release"] == "https://example.org/knob.zip"
    assert (data["bom"], data["image"]) == ("bom.csv", "knob.jpg")
    assert (data["source"], data["export"]) == ("knob.scad", "knob.stl")
    assert data["manufacturing-instructions"] == ["MAKING.md", "FITTING.md"]
    assert data["user-manual"] == "USE.md"
    assert "tsdc" not in data


def test_each_reading_is_told() -> None:
    codes = told(import_okh(KNOB))

    assert ("number-as-text", "version") in codes
    assert ("read-as", "name") in codes
    assert ("licence-alias", "license.documentation") in codes
    assert ("no-process", "tsdc") in codes


def test_what_goes_out_as_v1_says_what_came_in() -> None:
    came = yaml.safe_load(KNOB)
    went = yaml.safe_load(export_okh(import_okh(KNOB).manifest, "v1"))

    assert "okh-losh" not in went
    cleaned = {"license", "documentation-home", "version", "date-created"}
    assert {key: went[key] for key in came.keys() - cleaned - {"description"}} == {
        key: came[key] for key in came.keys() - cleaned - {"description"}
    }
    assert went["license"]["documentation"] == "CC-BY-SA-4.0"
    assert went["version"] == "1.10"
    assert went["date-created"] == "2025-10-09"


def test_what_only_losh_can_say_stands_apart_in_v1() -> None:
    manifest = read(part=[{"name": "Ring", "tsdc": "3DP"}], image=["a.png"]).manifest
    raw = export_okh(manifest, "v1")
    document = yaml.safe_load(raw)

    assert raw.startswith(b"%Open Know-How Manifest 1.0\n---\n")
    assert document["title"] == "Hook"
    assert document["description"] == "Holds."
    assert document["documentation-home"] == "https://example.org/hook"
    assert document["license"] == {"hardware": "MIT"}
    assert document["licensor"] == {"name": "Ada"}
    assert document["image"] == "a.png"
    assert document["okh-losh"]["part"] == [{"name": "Ring", "tsdc": "3DP"}]
    assert import_okh(raw).manifest == manifest


def test_what_the_manifest_lacks_is_named_in_the_words_of_v1() -> None:
    found = import_okh(b"okh-manifest-version: 1.0.0\nlicensor: {email: a@b.example}\n")

    assert {note.key for note in found.errors} == {
        "title",
        "description",
        "license",
        "documentation-home",
        "licensor",
    }
    assert ("not-stated", "version") in told(found)


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ("license: CC-BY-4.0", "CC-BY-4.0"),
        ("license: {hardware: MIT, software: GPL-3.0-only}", "MIT"),
        ("license: {documentation: CC-BY-4.0}", "CC-BY-4.0"),
        ("license: {software: MIT}", ""),
    ],
)
def test_the_hardware_is_never_under_the_softwares_licence(
    stated: str, licence: str
) -> None:
    found = import_okh(b"title: Knob\ndescription: Turns.\n" + stated.encode())

    assert found.manifest.licence == licence
    flagged = ("licence-of-documentation", "license") in told(found)
    assert flagged == ("documentation" in stated)


def test_a_project_link_is_the_repository_where_there_is_no_other() -> None:
    manifest = import_okh(
        b"title: Knob\nproject-link: https://example.org/k\n"
    ).manifest
    again = yaml.safe_load(export_okh(manifest, "v1"))

    assert manifest.repo == "https://example.org/k"
    assert again["project-link"] == "https://example.org/k"
    assert "documentation-home" not in again


def test_a_losh_manifest_may_be_written_in_yaml() -> None:
    found = import_okh(b'okhv: 2.4\nname: Knob\nversion: "1"\n')

    assert (found.dialect, found.manifest.name) == ("losh", "Knob")
