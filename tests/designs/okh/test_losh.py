"""The wild dialects of LOSH are read as one, and each reading is told."""

from __future__ import annotations

import pytest

from fabnet.designs.okh.values import Toml
from tests.designs.okh.test_manifest import read, told


def test_what_is_normalised_is_reported() -> None:
    found = read(okhv="OKH-LOSHv1.0", version=1.5, license="LicenseRef-CC BY-SA-4.0")
    manifest = found.manifest

    assert (manifest.data["okhv"], found.edition) == ("2.4", "OKH-LOSHv1.0")
    assert (manifest.version, manifest.licence) == ("1.5", "CC-BY-SA-4.0")
    assert told(found) == [
        ("number-as-text", "version"),
        ("okhv-read-as", "okhv"),
        ("licence-alias", "license"),
    ]
    assert found.ok


def test_camel_and_snake_case_and_british_spelling_become_the_standards() -> None:
    found = read(
        documentationLanguage="en",
        forkOf="https://example.org/other",
        organisation="Ateneu",
        user_manual="MANUAL.md",
        part=[{"name": "Ring", "tsdc": "STD", "printingProcess": "FDM"}],
    )

    assert found.manifest.data["documentation-language"] == "en"
    assert found.manifest.data["fork-of"] == "https://example.org/other"
    assert found.manifest.data["organization"] == "Ateneu"
    assert found.manifest.data["user-manual"] == "MANUAL.md"
    assert found.manifest.parts[0].data["printing-process"] == "FDM"
    assert {code for code, _ in told(found)} == {"key-respelled"}


def test_a_key_in_both_spellings_keeps_both() -> None:
    data: dict[str, Toml] = {"forkOf": "a", "fork-of": "b"}
    found = read(**data)

    assert data.items() <= found.manifest.data.items()
    assert told(found) == [("unknown-key", "forkOf")]


def test_one_part_as_a_table_becomes_a_list_of_one() -> None:
    found = read(part={"name": "Ring", "tsdc": "3DP"})

    assert [part.name for part in found.manifest.parts] == ["Ring"]
    assert told(found) == [("table-as-list", "part")]


@pytest.mark.parametrize("near", ["outer-dimension", "materiall", "tscd"])
def test_a_slip_of_the_pen_is_told_and_not_corrected(near: str) -> None:
    found = read(**{near: "x"})

    assert found.manifest.data[near] == "x"
    assert told(found) == [("near-known-key", near)]


def test_a_licence_may_be_a_list_of_one() -> None:
    found = read(license=["CC-BY-SA-4.0", "LicenseRef-CC-BY-SA-4.0"])

    assert found.manifest.licence == "CC-BY-SA-4.0"
    assert ("list-as-text", "license") in told(found)


def test_of_several_licences_none_is_chosen() -> None:
    found = read(license=["MIT", "CC-BY-4.0"])

    assert found.manifest.data["license"] == ["MIT", "CC-BY-4.0"]
    assert told(found) == [("licences-differ", "license")]


def test_a_licence_that_nobody_understands_stays_as_it_is_and_is_flagged() -> None:
    found = read(license="as you like, really")

    assert found.manifest.licence == "as you like, really"
    assert [note.code[:8] for note in found.warnings] == ["licence-"]


def test_a_licence_that_forbids_selling_is_flagged_as_not_open() -> None:
    assert ("licence-not-open", "license") in told(read(license="CC-BY-NC-SA-4.0"))


@pytest.mark.parametrize(
    ("stated", "names"),
    [
        ("Martin Häuer (OSEG) <m@example.org>", ("Martin Häuer",)),
        (["Ada", {"name": "Ben", "memberOf": "Ateneu"}], ("Ada", "Ben")),
        ({"name": "Cai <c@example.org>"}, ("Cai",)),
        ("<only@example.org>", ("<only@example.org>",)),
    ],
)
def test_a_licensor_has_a_name_in_every_form(
    stated: Toml, names: tuple[str, ...]
) -> None:
    assert read(licensor=stated).manifest.licensor == names


@pytest.mark.parametrize(
    ("key", "word"), [("licensor", "."), ("version", "UNVERSIONED"), ("name", "[text]")]
)
def test_a_placeholder_is_flagged(key: str, word: str) -> None:
    assert told(read(**{key: word})) == [("placeholder", key)]


@pytest.mark.parametrize(
    ("key", "stated", "code"),
    [
        ("technology-readiness-level", "otrl-4", "OTRL-4"),
        ("technology-readiness-level", "Ideation", "OTRL-1"),
        ("technology-readiness-level", "Prototyping & Testing", "OTRL-4"),
        ("documentation-readiness-level", "odrl-3*", "ODRL-3*"),
    ],
)
def test_a_readiness_level_is_read_by_code_or_title(
    key: str, stated: str, code: str
) -> None:
    found = read(**{key: stated})

    assert found.manifest.data[key] == code
    assert told(found) == [("level-read-as", key)]


def test_a_repository_that_is_no_web_address_is_told() -> None:
    assert told(read(repo="on my desk")) == [("not-an-address", "repo")]


@pytest.mark.parametrize("word", ["TechnicalDesign", "OTLR-5", "Full"])
def test_a_readiness_word_outside_the_vocabulary_stays_and_is_flagged(
    word: str,
) -> None:
    found = read(**{"technology-readiness-level": word})

    assert found.manifest.data["technology-readiness-level"] == word
    assert told(found) == [("outside-vocabulary", "technology-readiness-level")]
    hint = (("near", "OTRL-5"),) if word == "OTLR-5" else ()
    assert found.report[0].args == (("was", word), *hint)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mit", "licence-respelled"),
        ("MIT AND", "licence-malformed"),
        ("NONE", "licence-no-licence"),
        ("MIT\u200b", "licence-odd-letters"),
        ("MIT, CC-BY-NC-4.0", "licence-conflict"),
        ("MIT/CC0-1.0", "licence-several"),
        ("A" * 600, "licence-too-long"),
        ("(" * 40 + "MIT" + ")" * 40, "licence-too-nested"),
    ],
)
def test_a_licence_that_is_not_plain_is_told(text: str, code: str) -> None:
    assert (code, "license") in told(read(license=text))
