"""A path that passes names one file inside its folder, on every system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.paths import PATH_CHARS_MAX, check_paths
from fabnet.errors import MalformedError


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../../up",
        "a/./b",
        "a//b",
        "a/",
        "C:/x",
        "C:x",
        "a\\b",
        "nul",
        "a/CON.txt",
        "LPT1",
        "com\u00b9.log",
        "CONIN$",
        "//host/share",
        "trailing.",
        "trailing ",
        "a\x00b",
        "a\nb",
        "right\u202eleft",
        "zero\u200bwidth",
        "what?",
        "cafe\u0301.stl",
        "x" * (PATH_CHARS_MAX + 1),
    ],
)
def test_an_unsafe_path_is_refused(path: str) -> None:
    with pytest.raises(MalformedError, match=r"^files\[0\]\.path: "):
        check_paths([path])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.stl", "a.stl"),
        ("same", "same"),
        ("stra\u00dfe", "STRASSE"),
        ("caf\u00e9", "CAF\u00c9"),
        ("\u212a.stl", "k.stl"),
    ],
)
def test_two_paths_that_are_one_file_somewhere_are_refused(
    one: str, other: str
) -> None:
    with pytest.raises(MalformedError, match=r"^files\[[01]\]\.path: "):
        check_paths([one, other])


def test_a_file_cannot_lie_in_a_file() -> None:
    for paths in (["a", "a/b"], ["A/b/c", "a/B"]):
        with pytest.raises(MalformedError, match="lies in another file"):
            check_paths(paths)
    check_paths(["a/b", "a/c", "ab", ".gitignore", "ñ/物.stl", "console.txt", "a b"])


@given(st.lists(st.text(max_size=30), max_size=5))
def test_paths_that_pass_stay_in_their_folder(paths: list[str]) -> None:
    try:
        check_paths(paths)
    except MalformedError:
        return
    for path in paths:
        assert not path.startswith("/")
        assert not {"", ".", ".."} & set(path.split("/"))
        assert not set("\\:\0") & set(path)
