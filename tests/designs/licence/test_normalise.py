"""A wild string is read as what it says, or it is flagged and nothing is guessed."""

from __future__ import annotations

import json
import tarfile
import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.licence.expression import Licence, parse
from fabnet.designs.licence.normalise import LISTED_MAX, Normalised, normalise
from fabnet.designs.licence.terms import table
from tests.designs.samples import shared

CERN = "CERN-OHL-1.2 CERN-OHL-P-2.0 CERN-OHL-S-2.0 CERN-OHL-W-2.0"
SHL = "Apache-2.0 WITH SHL-2.1"

WORDS = (
    *("CC", "BY", "SA", "NC", "ND", "CERN", "OHL", "S", "W", "P", "GPL", "GNU", "MIT"),
    *("v", "1.2", "2.0", "3.0", "4.0", "-", ",", "/", ";", "+", "(", ")", "AND", "or"),
    *("WITH", "license", "LicenseRef-", "PPL", "SHL-2.1", "NONE", "later", "only"),
)

wild = st.text() | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("text", "expression", "flags"),
    [
        ("CERN-OHL-S-2.0", "CERN-OHL-S-2.0", ()),
        ("cern-ohl-s-2.0", "CERN-OHL-S-2.0", ("respelled",)),
        (" MIT\n", "MIT", ("respelled",)),
        ("mit or (ppl)", "MIT OR PPL", ("respelled",)),
        ("LicenseRef-CC-BY-SA-3.0", "CC-BY-SA-3.0", ("licenseref-dropped",)),
        ("LicenseRef-PPL", "PPL", ("licenseref-dropped",)),
        ("LicenseRef-CC BY-SA-4.0", "CC-BY-SA-4.0", ("alias",)),
        ("LicenseRef-CC-BY-SA 4.0", "CC-BY-SA-4.0", ("alias",)),
        ("CC-by-sa v4", "CC-BY-SA-4.0", ("alias",)),
        ("BY-SA 4.0", "CC-BY-SA-4.0", ("alias",)),
        ("CC BY-NC-ND 4.0 International", "CC-BY-NC-ND-4.0", ("alias",)),
        (
            "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 (BY-NC-SA 4.0)",
            "CC-BY-NC-SA-4.0",
            ("alias",),
        ),
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0", ("alias",)),
        ("CC0", "CC0-1.0", ("alias",)),
        ("CERN OHL v1.2", "CERN-OHL-1.2", ("alias",)),
        ("CERN-OHL-P", "CERN-OHL-P-2.0", ("alias",)),
        ("CERN OHL v2 Weakly Reciprocal", "CERN-OHL-W-2.0", ("alias",)),
        ("CERN-OHL-2.0", "CERN-OHL-S-2.0", ("alias",)),  # its clause 8.3
        ("TAPR Open Hardware License", "TAPR-OHL-1.0", ("alias",)),
        ("SHL-2.1", SHL, ("alias",)),
        ("Solderpad Hardware License v2.1", SHL, ("alias",)),
        ("GPL-3.0", "GPL-3.0-only", ("alias",)),  # as SPDX says of the retired id
        ("GPL-3.0+", "GPL-3.0-or-later", ("alias",)),
        ("GNU GPL v3.0 or later", "GPL-3.0-or-later", ("alias",)),
        ("The MIT License (MIT)", "MIT", ("alias",)),
        ("Peer Production License", "PPL", ("alias",)),
        ("MIT AND LicenseRef-CC-BY-4.0", "MIT AND CC-BY-4.0", ("licenseref-dropped",)),
        ("NONE", "NONE", ("no-licence",)),
        (
            "LicenseRef-NOASSERTION",
            "NOASSERTION",
            ("licenseref-dropped", "no-licence"),
        ),
    ],
)
def test_what_is_said_plainly_is_understood(
    text: str, expression: str, flags: tuple[str, ...]
) -> None:
    understood = normalise(text)

    assert (understood.expression, understood.flags) == (expression, flags)
    assert understood.is_mapped == ("no-licence" not in flags)
    assert normalise([text, text]) == understood


@pytest.mark.parametrize(
    ("text", "flag", "detail"),
    [
        ("CERN", "ambiguous", CERN),
        ("LicenseRef-CERN OHL", "ambiguous", CERN),
        ("CC-BY-SA", "ambiguous", "CC-BY-SA-3.0 CC-BY-SA-4.0"),
        ("CC BY NC", "ambiguous", "CC-BY-NC-3.0 CC-BY-NC-4.0"),
        ("GNU GPL v3.0", "ambiguous", "GPL-3.0-only GPL-3.0-or-later"),
        ("MIT or CC-BY", "ambiguous", "CC-BY-3.0 CC-BY-4.0"),
        (
            "CC-BY-SA-4.0, CC-BY-NC-SA-4.0",
            "conflict",
            "CC-BY-NC-SA-4.0 CC-BY-SA-4.0",
        ),
        ("CC BY 4.0; CC BY-ND 4.0", "conflict", "CC-BY-4.0 CC-BY-ND-4.0"),
        ("MIT/CC0-1.0", "several", "CC0-1.0 MIT"),
        ("MIT/X", "several", "MIT X"),
        ("", "no-licence", ""),
        ("n/a", "no-licence", "n/a"),
        ("All rights reserved", "no-licence", "All rights reserved"),
        ("[text]", "not-a-licence", "[text]"),
        ("see the file", "not-a-licence", "see the file"),
        ("CC BY-SA 4.0 CC BY-NC 4.0", "not-a-licence", "CC BY-SA 4.0 CC BY-NC 4.0"),
        ("CC BY 3.0 US", "unknown", "CC BY 3.0 US"),
        ("MIT AND", "malformed", "MIT AND"),
        ("((((MIT", "malformed", "((((MIT"),
        ("MIT (unless sold)", "malformed", "MIT (unless sold)"),
        ("MIT\u2011X", "odd-letters", "U+2011 NON-BREAKING HYPHEN"),
        ("SHL-2.1\u200b", "odd-letters", "U+200B ZERO WIDTH SPACE"),
        ("\u0421\u04210-1.0", "odd-letters", "U+0421 CYRILLIC CAPITAL LETTER ES"),
        ("MIT\u00a0AND CC0-1.0", "odd-letters", "U+00A0 NO-BREAK SPACE"),
        ("(" * 20_000 + "MIT" + ")" * 20_000, "too-long", "40003 characters"),
        ("(" * 40 + "MIT" + ")" * 40, "too-nested", "(" * 40 + "MIT" + ")" * 37),
    ],
)
def test_what_nobody_can_say_is_mapped_to_nothing_and_says_why(
    text: str, flag: str, detail: str
) -> None:
    assert normalise(text) == Normalised(None, (flag,), detail)


@pytest.mark.parametrize(
    "text",
    [
        *("Unlicense", "LicenseRef-our-own", "PANAKA-OHL-1.0", "MIT AND BSD-2-Clause"),
        *("CERN-OHL-S-2.0+", "CERN-OHL-S-2.0 WITH SHL-2.1"),
    ],
)
def test_an_expression_whose_terms_are_not_known_stays_and_is_not_mapped(
    text: str,
) -> None:
    understood = normalise(text)

    assert (understood.expression, understood.flags) == (text, ("unknown",))
    assert not understood.is_mapped


def test_a_list_says_neither_and_nor_or() -> None:
    assert normalise(["CC BY-SA 4.0", "CC-BY-SA-4.0"]).expression == "CC-BY-SA-4.0"
    assert normalise(["MIT", "CC0-1.0"]) == Normalised(
        None, ("several",), "CC0-1.0 MIT"
    )
    assert normalise(["MIT", "CERN"]).flags == ("ambiguous",)
    assert normalise(["MIT", "CC-BY-NC-4.0"]).flags == ("conflict",)
    assert normalise([]).flags == ("no-licence",)
    assert normalise(["MIT"] * (LISTED_MAX + 1)).flags == ("too-long",)


@given(wild | st.lists(wild, max_size=4))
def test_no_text_raises_and_what_is_understood_is_a_fixed_point(
    text: str | list[str],
) -> None:
    understood = normalise(text)

    if understood.expression is None:
        assert len(understood.flags) == 1
        assert not understood.is_mapped
        return
    licence = parse(understood.expression)
    assert isinstance(licence, Licence)
    assert licence.expression == understood.expression
    again = normalise(understood.expression)
    assert again.expression == understood.expression
    assert again.is_mapped == understood.is_mapped
    assert set(again.flags) <= {"unknown", "no-licence"}


@given(st.lists(st.sampled_from(sorted(table().licences)), min_size=2, max_size=4))
def test_names_side_by_side_are_never_read_as_one_of_more_words(ids: list[str]) -> None:
    for between in (" ", ", ", "; ", " / "):
        expression = normalise(
            between.join(it.replace("-", " ") for it in ids)
        ).expression
        assert expression is None or set(ids) == {expression}


def corpus() -> Counter[str]:
    """The licence strings of every shared manifest."""
    archive = shared("data/okh") / "losh_list_half_CC0.tar.gz"
    found: Counter[str] = Counter()
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None and member.name.endswith(".toml"):
                found[tomllib.loads(file.read().decode())["license"]] += 1
    return found


def test_of_100_shared_manifests_93_are_mapped_and_the_rest_flagged() -> None:
    found = corpus()
    read = {text: normalise(text) for text in found}
    mapped = sum(count for text, count in found.items() if read[text].is_mapped)

    assert mapped >= 0.93 * found.total()
    unmapped = {text: it.flags for text, it in read.items() if not it.is_mapped}
    assert unmapped == {
        "LicenseRef-CERN": ("ambiguous",),
        "LicenseRef-CERN OHL": ("ambiguous",),
        "LicenseRef-GNU GPL v3.0": ("ambiguous",),
        "LicenseRef-CC BY 3.0 US": ("unknown",),
        "BSD-2-Clause": ("unknown",),
        "Unlicense": ("unknown",),
    }


def test_every_alias_that_the_trial_knew_is_read_the_same() -> None:
    trial = json.loads((shared("licences") / "terms.json").read_text())

    for text, meant in trial["import_aliases"].items():
        assert normalise(text).expression == meant
