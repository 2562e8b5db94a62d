"""TOML and YAML of strangers are read within bounds, and what attacks is named."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.designs.okh.report import Report
from fabnet.designs.okh.toml_door import KEY_PARTS_MAX, is_toml, read_toml, write_toml
from fabnet.designs.okh.values import AS_WRITTEN, Toml, same
from fabnet.designs.okh.yaml_door import read_yaml, write_yaml
from fabnet.errors import LimitError, MalformedError, RemoteError
from tests.designs.okh.test_manifest import documents


def toml(text: str) -> dict[str, Toml]:
    return read_toml(text, Report())


def yaml(text: str) -> dict[str, Toml]:
    return read_yaml(text, Report())


# ------------------------------------------------------------------ which it is


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('okhv = "2.4"', True),
        ("# a: comment\n\n[part]\n", True),
        ("'a b'.\"c\" = 1", True),
        ("title: a = b", False),
        ("%Open Know-How Manifest 1.0\n---\ntitle: x", False),
        ("# title = x\ntitle: x", False),
        ("{title: x}", False),
        ("", False),
    ],
)
def test_toml_is_told_by_its_first_line(text: str, answer: bool) -> None:
    assert is_toml(text) is answer


# ------------------------------------------------------------------ TOML


def test_a_version_is_kept_as_it_was_written() -> None:
    read = toml("version = 1.10\nokhv = 2.0\nmass = 1.10\n[part]\nversion = 1.10")

    assert (read["version"], read["okhv"]) == ("1.10", "2.0")
    assert read["mass"] == 1.1
    assert read["part"] == {"version": 1.1}


def test_what_only_toml_has_becomes_text() -> None:
    read = toml(
        "when = 2026-11-24\nat = 07:30:00\nnumber = nan\nlarge = 1e999\n"
        "long = 0xffffffffffffffffff"
    )

    assert read == {
        "when": "2026-11-24",
        "at": "07:30:00",
        "number": "nan",
        "large": "1e999",
        "long": str(2**72 - 1),
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("name = ", MalformedError),
        ("name = 1\nname = 2", MalformedError),
        ("a = " + "9" * 5_000, MalformedError),
        ("a = " + "[" * 5_000, LimitError),
    ],
)
def test_toml_that_attacks_is_refused(text: str, error: type[RemoteError]) -> None:
    with pytest.raises(error):
        toml(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * KEY_PARTS_MAX + " = 1",
        "[a" + " . 'a'" * KEY_PARTS_MAX + "]",
        'a = """\n"""\nb' + '."b"' * KEY_PARTS_MAX + " = 1",
        "a = { b" + ".b" * KEY_PARTS_MAX + " = 1 }",
    ],
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_parsed(text: str) -> None:
    with pytest.raises(LimitError, match="a key has at most 32 parts"):
        toml(text)


def test_many_dots_are_no_long_key_where_they_stand_in_a_text() -> None:
    dots = "a." * 10 * KEY_PARTS_MAX
    text = f'a = \'{dots}\'\nb = """\n{dots}\n""" # {dots}\nc = [{"0.5, " * 99}]'

    assert toml(text)["a"] == dots


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(
            "a" + ".a" * (KEY_PARTS_MAX - 1) + f".k{line} = 1" for line in range(1_200)
        ),
        "\n" + '\\"""' * 20_000,
        '\\"""\n' * 18_000 + "." * KEY_PARTS_MAX,
        '"""' + "\\" * 90_001 + "." * KEY_PARTS_MAX,
        "a" * 90_000 + "." * KEY_PARTS_MAX,
        "a ." * 30_000,
        "'a' " * 20_000 + "=" + "." * KEY_PARTS_MAX,
        "# \n" * 30_000,
    ],
)
def test_no_text_holds_the_toml_reader_up(text: str) -> None:
    started = time.process_time()
    for read in (is_toml, toml):
        try:
            read(text)
        except RemoteError:
            continue
    assert time.process_time() - started < 2


# ------------------------------------------------------------------ YAML


def test_plain_words_are_read_by_the_core_schema() -> None:
    read = yaml(
        "version: 1.10\ndate: 2020-05-10\nmade: true\nsold: yes\ncount: 0x1F\n"
        "ratio: 1e3\ntime: 1:20\nquoted: '12'\nblock: |\n  a\n  b\nendless: .inf\n"
        "octal: 017\nlong: 99999999999999999999"
    )

    assert read == {
        "version": "1.10",
        "date": "2020-05-10",
        "made": True,
        "sold": "yes",
        "count": 31,
        "ratio": 1_000.0,
        "time": "1:20",
        "quoted": "12",
        "block": "a\nb\n",
        "endless": ".inf",
        "octal": 17,
        "long": "99999999999999999999",
    }


def test_what_has_no_value_is_left_out_and_told() -> None:
    report = Report()

    assert read_yaml("a:\nb: [x, ~]\nc: ''", report) == {"b": ["x"], "c": ""}
    assert [note.key for note in report.notes] == ["a", "b[1]"]


def bomb(levels: int) -> str:
    grown = (
        f"a{level}: &a{level} [" + f"*a{level - 1}, " * 9 + "]"
        for level in range(1, levels)
    )
    return "\n".join(["a0: &a0 [lol, lol]", *grown])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (bomb(9), "line 1: the anchor &a0"),
        ("a: b\nc: *d", "line 2: the alias \\*d"),
        ("a: &b c", "line 1: the anchor &b"),
        ("a: !!python/object/apply:os.system [ls]", "line 1: a tag"),
        ("!!map {a: b}", "line 1: a tag"),
        ("a: ! b", "line 1: a tag"),
        ("!a b: c", "line 1: a tag"),
        ("a: b\n---\nc: d", "line 2: a second document"),
        ("a: b\nc:\n  d: 1\n  d: 2", "line 4: the key d twice"),
        ("? [a, b]\n: c", "line 1: a key that is no word"),
        ("- a", "expected keys with values"),
        ("a", "expected keys with values"),
        ("", "is empty"),
        ("# nothing", "is empty"),
        ("a: 'b", "line 1: "),
        ("a: b\n\tc: d", "line 2: "),
        ("a: \x07", "manifest: "),
        ("%YAML 3.0\n---\na: b", "line 1: "),
    ],
)
def test_yaml_that_attacks_or_is_broken_is_refused_by_name(
    text: str, named: str
) -> None:
    with pytest.raises(MalformedError, match=named):
        yaml(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 90_000,
        "- " * 45_000,
        "a: " + "{a: " * 20_000,
        "? " * 40_000,
        bomb(1_500),
        "a: [" + "a, " * 30_000 + "]",
        "a: |\n" + " x\n" * 30_000,
        "a: '" + "\n" * 90_000,
        "a: " + "!" * 90_000,
        "".join(f"k{index}: v\n" for index in range(10_000)),
        "a: 0x" + "f" * 90_000,
        "a: " + "1" * 90_000,
    ],
)
def test_no_text_holds_the_yaml_reader_up(text: str) -> None:
    started = time.process_time()
    try:
        yaml(text)
    except RemoteError:
        pass
    assert time.process_time() - started < 2


@given(documents)
@settings(deadline=None)
def test_either_text_reads_back_as_it_was(document: dict[str, Toml]) -> None:
    plain = {key: it for key, it in document.items() if key not in AS_WRITTEN}

    assert same(yaml(write_yaml(plain).decode()), plain)
    assert same(toml(write_toml(plain).decode()), plain)


@given(st.text("ab:=[]{}\"'#.-&*!|>%?1~\\ \n\t", max_size=60) | st.text(max_size=60))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    for read in (toml, yaml):
        try:
            read(text)
        except RemoteError:
            continue
