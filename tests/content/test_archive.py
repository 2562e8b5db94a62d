"""An archive is read as it is, or refused for a reason; what attacks costs little."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fabnet.content import archive as archives
from fabnet.content.archive import Archive
from fabnet.errors import LimitError, MalformedError, RemoteError
from tests.content.zips import FOLDER, PIPE, SYMLINK, Packed, overlapping, zipped

HONEST = zipped([Packed(b"okh.toml", b"okhv"), Packed(b"parts/hook.stl", b"solid")])


def whole(archive: Archive) -> dict[str, bytes]:
    return {
        entry.path: b"".join(archive.pieces(entry.path)) for entry in archive.entries
    }


def test_what_a_common_packer_packs_comes_out_again() -> None:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packer:
        packer.mkdir("parts")
        packer.writestr("parts/ñandú.stl", b"x" * 300_000)
        packer.writestr("okh.toml", b"okhv", zipfile.ZIP_STORED)
        with packer.open("stream.txt", "w", force_zip64=True) as stream:
            stream.write(b"of unknown length")

    assert whole(Archive(held.getvalue())) == {
        "parts/ñandú.stl": b"x" * 300_000,
        "okh.toml": b"okhv",
        "stream.txt": b"of unknown length",
    }


def test_an_open_file_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "design.zip"
    path.write_bytes(HONEST)

    with path.open("rb") as file:
        assert whole(Archive(file)) == whole(Archive(HONEST))


def test_an_archive_in_an_archive_stays_a_file() -> None:
    inner = zipped([Packed(b"../../evil.txt")])
    archive = Archive(zipped([Packed(b"inner.zip", inner)]))

    assert whole(archive) == {"inner.zip": inner}


def test_a_name_written_by_a_mac_is_what_it_meant_and_said_so() -> None:
    decomposed = "cafe\u0301.stl".encode()
    (entry,) = Archive(zipped([Packed(decomposed, flags=0)])).entries

    assert entry.path == "café.stl"
    assert entry.was is not None
    (plain,) = Archive(HONEST).entries[:1]
    assert plain.was is None


@pytest.mark.parametrize(
    "name",
    [
        b"/etc/passwd",
        b"../evil.txt",
        b"a/../../evil.txt",
        b"./evil.txt",
        b"a//evil.txt",
        b"C:evil.txt",
        b"C:/evil.txt",
        b"C:\\evil.txt",
        b"..\\evil.txt",
        b"\\\\host\\share",
        b"good.txt\x00.exe",
        b"NUL",
        b"a/con.txt",
        b"trailing.",
        b"",
        b"x" * 241,
        "a\u202eb".encode(),
        b"../",
        b"/",
        b"a\\b/",
    ],
)
def test_a_path_that_is_unsafe_anywhere_is_refused(name: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^archive\[0\]"):
        Archive(zipped([Packed(name, b"" if name.endswith(b"/") else b"x")]))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ((b"A.stl", b"a.stl"), "the same as 'A.stl' on some systems"),
        ((b"a.stl", b"a.stl"), "the same as"),
        (("é".encode(), "e\u0301".encode()), "the same as"),
        (("ß".encode(), b"SS"), "the same as"),
        ((b"a", b"a/b"), "lies in another file"),
    ],
)
def test_two_entries_that_are_one_file_somewhere_are_refused(
    names: tuple[bytes, ...], reason: str
) -> None:
    with pytest.raises(MalformedError, match=reason):
        Archive(zipped(Packed(name) for name in names))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Packed(b"link", b"/etc/passwd", mode=SYMLINK), "a symbolic link"),
        (Packed(b"pipe", mode=PIPE), "neither a file nor a folder"),
        (Packed(b"secret", flags=0x801), "encrypted"),
        (Packed(b"strong", flags=0x841), "encrypted"),
        (Packed(b"masked", flags=0x2800), "encrypted"),
        (Packed(b"lzma", method=14), "packed by method 14"),
        (Packed(b"bzip2", method=12), "packed by method 12"),
        (Packed(b"folder/", b"bytes", mode=FOLDER), "a folder with bytes of its own"),
        (Packed(b"a", at=5), "no entry where the directory says"),
        (Packed(b"a", at=10**6), "not a sound zip archive"),
        (Packed(b"\xff\xfe"), "not a sound zip archive"),
    ],
)
def test_an_entry_that_is_no_plain_file_is_refused(entry: Packed, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        Archive(zipped([entry], before=b"\0" * 10 if entry.at == 5 else b""))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Packed(b"a", claims_crc=7), "Bad CRC-32"),
        (Packed(b"a", claims_bytes=3), "Bad CRC-32"),
        (Packed(b"a", claims_bytes=70), "not a sound zip archive|expected 70 bytes"),
        (Packed(b"a", claims_packed=2), "not a sound zip archive"),
        (Packed(b"a", local_name=b"b"), "differ"),
        (Packed(b"a", b"\xff" * 9, method=0, claims_bytes=8), "Bad CRC-32"),
    ],
)
def test_bytes_that_are_not_what_the_directory_says_are_refused(
    entry: Packed, reason: str
) -> None:
    with pytest.raises(MalformedError, match=reason):
        whole(Archive(zipped([entry])))


def test_a_bomb_by_ratio_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped([Packed(b"zeros", bytes(4 * 1024 * 1024))])

    assert len(bomb) < 5_000
    with pytest.raises(LimitError, match="the most is 200 for each"):
        Archive(bomb)


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_claims() -> None:
    archive = Archive(zipped([Packed(b"a", bytes(4 * 1024 * 1024), claims_bytes=10)]))
    pieces = archive.pieces("a")

    with pytest.raises(MalformedError, match="Bad CRC-32"):
        assert len(next(pieces)) <= 10


def test_a_bomb_by_overlap_is_refused() -> None:
    bomb = overlapping(200, b"0123456789abcdef" * 60_000)

    with pytest.raises(MalformedError, match="shares its bytes with another"):
        Archive(bomb)


def test_entries_that_quote_the_headers_of_the_next_are_refused() -> None:
    inner = zipped([Packed(b"inner", b"y" * 100, method=0)])
    local = inner[: inner.index(b"PK\x01\x02")]
    outer = Packed(b"outer", local, method=0)
    start = 30 + len(outer.name)

    with pytest.raises(MalformedError, match="shares its bytes with another entry"):
        Archive(zipped([outer, Packed(b"inner", b"y" * 100, method=0, at=start)]))


def test_an_entry_that_runs_into_the_directory_is_refused() -> None:
    with pytest.raises(MalformedError, match="runs into the directory"):
        Archive(zipped([Packed(b"a", method=0, claims_packed=60)]))


def test_limits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ENTRIES_MAX", 1)
    with pytest.raises(LimitError, match="archive: 2 entries; the most is 1"):
        Archive(HONEST)
    monkeypatch.setattr(archives, "ENTRIES_MAX", 2)
    monkeypatch.setattr(archives, "UNPACKED_BYTES_MAX", 8)
    with pytest.raises(LimitError, match="9 bytes unpacked; the most is 8"):
        Archive(HONEST)
    monkeypatch.setattr(archives, "ENTRY_BYTES_MAX", 4)
    with pytest.raises(LimitError, match="5 bytes; the most is 4"):
        Archive(HONEST)
    monkeypatch.setattr(archives, "DIRECTORY_BYTES_MAX", 60)
    with pytest.raises(LimitError, match="a directory of"):
        Archive(HONEST)


def test_one_file_is_read_up_to_a_bound() -> None:
    archive = Archive(HONEST)

    assert archive.read("okh.toml", most=4) == b"okhv"
    with pytest.raises(LimitError, match="4 bytes; the most is 3"):
        archive.read("okh.toml", most=3)


@given(st.binary(max_size=200))
@example(b"")
@example(b"PK\x05\x06")
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(RemoteError, match=r"^archive"):
        Archive(data)


def test_an_empty_archive_holds_nothing() -> None:
    assert Archive(zipped([])).entries == ()


@given(st.data())
def test_an_archive_with_a_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    mutated = bytearray(HONEST)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        mutated[at] = data.draw(st.integers(0, 255))
    found = dict[str, bytes]()
    with suppress(RemoteError):
        found = whole(Archive(bytes(mutated)))
    assert all(len(path) <= 240 and path[0] != "/" for path in found)
