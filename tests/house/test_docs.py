"""The pages: their words, their links, and the shape of a decision."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, name_of, pages, parsed, python_in

PAGES = pages()
DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
DECISION_HEADINGS = ["Context", "Options", "Decision", "Consequences"]
"""MADR, the short form."""

GLOSSARY_ROOMS = ("fabnet/designs", "fabnet/production", "fabnet/cooperation")

AMERICAN = re.compile(
    r"\b(?:color|organization|behavior|favor|neighbor)\w*", re.IGNORECASE
)
QUOTED = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", re.DOTALL)
"""Code, and where links lead: spelt as others spell them."""

LINK = re.compile(r"\]\(([^)\s]+)\)")


def words_of(name: str) -> str:
    """Return a class's name as the glossary writes it: `CapacityOffer`, two words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).lower()


def test_every_domain_noun_is_in_the_glossary() -> None:
    glossary = (ROOT / "docs/GLOSSARY.md").read_text(encoding="utf-8").lower()
    nouns = {
        words_of(node.name)
        for path in python_in(*GLOSSARY_ROOMS)
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }

    assert not sorted(noun for noun in nouns if f"**{noun}**" not in glossary)


def prose() -> list[tuple[str, str]]:
    """Every page without its code, and every docstring, with where it stands."""
    found = [
        (name_of(path), QUOTED.sub(" ", path.read_text(encoding="utf-8")))
        for path in PAGES
    ]
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for path in python_in("fabnet", "tests", "benchmarks"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, documented):
                docstring = ast.get_docstring(node) or ""
                found.append((name_of(path), QUOTED.sub(" ", docstring)))
    return found


def test_the_prose_is_spelt_the_british_way() -> None:
    found = [
        (where, word) for where, text in prose() for word in AMERICAN.findall(text)
    ]

    assert not found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_resolves(page: Path) -> None:
    targets = [
        link.split("#")[0]
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not link.startswith(("http://", "https://", "mailto:", "#"))
    ]

    assert not [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_number_and_its_four_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.startswith(f"# {page.name[:4]} ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == DECISION_HEADINGS


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]

    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("page", ["RELIABILITY.md", "THREATS.md"])
def test_what_a_page_calls_as_its_witness_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    files = [*python_in("fabnet", "tests")]
    paths = {str(path.relative_to(ROOT)) for path in files}
    ends = {end for path in paths for end in _ends_of(path)}
    tests = {
        node.name
        for path in files
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    named = set(re.findall(r"`([\w/]+\.py)`", text))
    assert not sorted(name for name in named if name not in ends)
    assert not sorted(set(re.findall(r"`(test_\w+)`", text)) - tests)


def _ends_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[at:]) for at in range(len(parts))]
