"""Tables of files that people bring: archives, meshes, drawings, manifests, bills."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from fabnet.content.archive import Archive
from fabnet.content.unixfs import file_cid, folder
from fabnet.designs.bom_file import read_bom
from fabnet.designs.geometry.drawing import read_dxf
from fabnet.designs.geometry.stl import read_stl
from fabnet.designs.geometry.threemf import read_3mf
from fabnet.designs.okh.manifest import import_okh
from tests.content.zips import FILE, PIPE, SYMLINK, Packed, overlapping, zipped
from tests.designs import drawings as dxf
from tests.designs.packages import (
    MOVED,
    RELATIONSHIPS,
    component,
    components,
    item,
    mesh,
    model,
    package,
    thing,
)
from tests.designs.samples import HOOK, ascii_stl, cuboid, stl, tetrahedron
from tests.hostile.rows import Table, rows


def _unpacked(raw: bytes) -> int:
    archive = Archive(raw)
    return sum(len(p) for each in archive.entries for p in archive.pieces(each.path))


# ------------------------------------------------------------------ archives

_ONE = Packed(b"hook.scad", mode=FILE)
_ZIP = zipped([_ONE])


def _zip(**how: object) -> bytes:
    return zipped([replace(_ONE, **how)])  # type: ignore[arg-type]  # by name


def _named(*names: bytes) -> bytes:
    return zipped([Packed(name) for name in names])


def _byte(raw: bytes, at: int, value: int) -> bytes:
    return raw[:at] + bytes((value,)) + raw[at:][1:]


ARCHIVES = Table(
    "zip archive",
    _unpacked,
    _ZIP,
    rows(
        ("nothing", b"", "not a sound zip archive"),
        ("text", b"hook.scad", "not a sound zip archive"),
        ("without its directory", _ZIP[:60], "not a sound zip archive"),
        ("without its last byte", _ZIP[:-1], "not a sound zip archive"),
        ("without its first byte", _ZIP[1:], "archive"),
        ("a mark that is none", _byte(_ZIP, 0, 0), "no entry where the directory says"),
        ("a directory that claims more", zipped([_ONE], claims_directory=2**31),
         "not a sound zip archive"),
        ("encrypted", _zip(flags=0x801), "encrypted"),
        ("strongly encrypted", _zip(flags=0x841), "encrypted"),
        ("a masked directory", _zip(flags=0x2801), "encrypted"),
        ("bzip2", _zip(method=12), "packed by method 12"),
        ("lzma", _zip(method=14), "packed by method 14"),
        ("zstd", _zip(method=93), "packed by method 93"),
        ("a link", _zip(mode=SYMLINK), "a symbolic link"),
        ("a pipe", _zip(mode=PIPE), "neither a file nor a folder"),
        ("another checksum", _zip(claims_crc=1), "Bad CRC-32"),
        ("more bytes than it has", _zip(claims_bytes=900), "expected 900 bytes, got 7"),
        ("a file of 257 MiB", _zip(claims_bytes=257 << 20), "the most is 268435456"),
        ("a ratio of 1 to 100,000", _zip(claims_bytes=100 << 20), "200 for each"),
        ("bytes that do not unpack",
         _zip(content=b"\xff" * 9, method=0, claims_packed=900),
         "runs into the directory"),
        ("another place", _zip(at=5), "no entry where the directory says"),
        ("a place beyond the end", _zip(at=2**31), "not a sound zip archive"),
        ("another name beside the bytes", _zip(local_name=b"hack.scad"), "differ"),
        ("shared bytes", overlapping(3, b"abc"), "shares its bytes with another entry"),
        ("a folder with bytes", _zip(name=b"folder/"),
         "a folder with bytes of its own"),
        ("one file twice", _named(b"a", b"a"), "the same as 'a'"),
        ("one file in two cases", _named(b"A.stl", b"a.STL"), "on some systems"),
        ("a file in a file", _named(b"a", b"a/b"), "lies in another file"),
        ("out of the folder", _named(b"../a"), "a relative path without . and .."),
        ("from the root", _named(b"/etc/passwd"), "a relative path without . and .."),
        ("a drive", _named(b"C:/a"), "forbid or read as a drive"),
        ("a share", _named(b"\\\\host\\a"), "forbid or read as a drive"),
        ("a device", _named(b"aux.stl"), "a name that some systems reserve"),
        ("a dot at the end", _named(b"a."), "a name that some systems reserve"),
        ("letters turned round", _named("a\u202eb".encode()), "an invisible letter"),
        ("a zero in the name", _named(b"a\0b"), "an invisible letter"),
        ("a name of 241 letters", _named(b"a" * 241), "expected 1 to 240 characters"),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ meshes

_MESH = stl(tetrahedron())
_TEXT = ascii_stl(tetrahedron())


def _worded(old: bytes, new: bytes) -> bytes:
    return _TEXT.replace(old, new, 1)


STLS = Table(
    "stl",
    read_stl,
    _MESH,
    rows(
        ("nothing", b"", "stl.size: expected 84 + 50·n bytes for the n = 0"),
        ("a header alone", _MESH[:80], "stl.size: expected"),
        ("the last byte gone", _MESH[:-1],
         "for the n = 4 triangles it claims, got 283"),
        ("a byte more", _MESH + b"\0", "stl.size: expected"),
        ("a triangle more than it has", _byte(_MESH, 80, 5), "n = 5 triangles"),
        ("four milliards of triangles", _MESH[:80] + b"\xff" * 4, "n = 4294967295"),
        ("no triangles", stl([]), "stl.triangles: none"),
        ("a corner that is no number", stl(tetrahedron(float("nan"))),
         "stl.triangle 1: not a finite number"),
        ("a corner without end", stl(tetrahedron(float("inf"))),
         "stl.triangle 1: not a finite number"),
        ("a corner beyond the world", stl(tetrahedron(1e9)), "stl.triangle 1: beyond"),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(200), "stl.size: expected"),
    ),
)  # fmt: skip

TEXT_STLS = Table(
    "text stl",
    read_stl,
    _TEXT,
    rows(
        ("no end", _TEXT[: _TEXT.index(b"endsolid")], "stl: ends within a solid"),
        ("cut within a facet", _TEXT[: _TEXT.index(b" endloop")], "stl: ends within a"),
        ("two corners", _worded(b"vertex 0.0 0.0 0.0", b"vertex 0.0 0.0"),
         "stl.line 4: expected vertex x y z"),
        ("words for a corner", _worded(b"vertex 0.0", b"vertex left"),
         "stl.line 4: expected vertex x y z"),
        ("nan for a corner", _worded(b"vertex 0.0", b"vertex nan"),
         "not a finite number"),
        ("a corner of 1e40", _worded(b"vertex 0.0", b"vertex 1e40"),
         "not a finite number"),
        ("a loop within", _worded(b"outer loop", b"inner loop"), "expected outer loop"),
        ("a fourth corner", _worded(b" endloop", b"vertex 1 1 1\n endloop"), "endloop"),
        ("another word", _worded(b"facet normal", b"facet colour"), "facet normal"),
        ("a line of 500 bytes", _worded(b"outer", b" " * 500 + b"outer"),
         "more than 400"),
    ),
)  # fmt: skip

_BLOCK = thing(1, mesh(cuboid(3, 4, 5)))
_ROOT = model(_BLOCK, item(1))


def _package_without(path: bytes) -> bytes:
    given = {b"_rels/.rels": RELATIONSHIPS, b"3D/3dmodel.model": _ROOT}
    return zipped([Packed(n, t.encode()) for n, t in given.items() if n != path])


def _deep(levels: int) -> str:
    parts = [_BLOCK]
    parts += [thing(n + 1, components(component(n))) for n in range(1, levels)]
    return model("".join(parts), item(levels))


_NOISE = random.Random(5).randbytes(2**20).hex()
"""Two MiB that do not pack to nothing."""

THREEMFS = Table(
    "3mf",
    read_3mf,
    package(_ROOT),
    rows(
        *(
            (name, package(root), why)
            for name, root, why in (
                ("nothing to make", model(_BLOCK), "3mf.build: expected an item"),
                ("an item of nothing", model(_BLOCK, item(2)), "3mf.object 2: not in"),
                ("an object twice", model(_BLOCK * 2, item(1)),
                 "object 1: occurs twice"),
                ("a unit of nobody", model(_BLOCK, item(1), unit="league"), "3mf.unit"),
                ("an item without a name", model(_BLOCK, "<item/>"),
                 "expected objectid"),
                ("an object without a name",
                 model(_BLOCK.replace('id="1"', ""), item(1)),
                 "3mf.object: expected id"),
                ("three numbers to move", model(_BLOCK, item(1, "1 2 3")),
                 "twelve fair"),
                ("nan to move", model(_BLOCK, item(1, "nan" + " 1" * 11)),
                 "twelve fair"),
                ("moved flat", model(_BLOCK, item(1, "0 " * 9 + "0 0 0")),
                 "object flat"),
                ("moved away", model(_BLOCK, item(1, MOVED.format(2e6, 0, 0))),
                 "beyond"),
                ("too large", model(thing(1, mesh(cuboid(1, 1, 1e8))), item(1)),
                 "beyond"),
                ("no triangles", model(thing(1, mesh([])), item(1)), "has triangles"),
                ("a corner that is not there",
                 model(_BLOCK.replace('v1="0"', 'v1="99"'), item(1)), "is no vertex"),
                ("a corner below zero",
                 model(_BLOCK.replace('v1="0"', 'v1="-1"'), item(1)), "expected v1"),
                ("a corner of 2**70",
                 model(_BLOCK.replace('v1="0"', f'v1="{2**70}"'), item(1)),
                 "expected v1"),
                ("two of three corners", model(_BLOCK.replace('v1="0"', ""), item(1)),
                 "expected v1, v2 and v3"),
                ("words for a place",
                 model(_BLOCK.replace('x="0.0"', 'x="wide"'), item(1)),
                 "expected x, y"),
                ("nan for a place",
                 model(_BLOCK.replace('x="0.0"', 'x="nan"'), item(1)),
                 "out of this world"),
                ("an extension we cannot read",
                 model(_BLOCK, item(1), more='requiredextensions="b" xmlns:b="urn:b"'),
                 "needs the extension 'urn:b'"),
                ("another namespace", "<model/>", "3MF's core namespace"),
                ("half a tag", "<model", "not well-formed XML"),
                ("nothing", "", "not well-formed XML"),
                ("another encoding", b"\xff\xfe<\x00", "not well-formed XML"),
                ("a DTD", model(_BLOCK, item(1), head="<!DOCTYPE a>"),
                 "a DTD or entity"),
                ("laughs",
                 model(_BLOCK, item(1), head='<!DOCTYPE a [<!ENTITY b "c">]>'),
                 "a DTD or entity"),
                ("a file of the reader's",
                 model(_BLOCK, item(1),
                       head='<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'),
                 "a DTD or entity"),
                ("a comment without end",
                 model(_BLOCK, item(1), head=f"<!--{_NOISE}-->"), "in one token"),
                ("elements too deep", model("<a>" * 100 + "</a>" * 100, item(1)),
                 "deep"),
                ("an object in itself",
                 model(thing(1, components(component(1))), item(1)), "3mf"),
                ("objects 40 deep", _deep(40), "deep"),
                ("a part that is not there",
                 model(_BLOCK, item(1, None, 'p:path="/3D/none.model"')),
                 "3mf: no part"),
            )
        ),
        ("no relationships", _package_without(b"_rels/.rels"), "3mf: no _rels/.rels"),
        ("no model", _package_without(b"3D/3dmodel.model"), "3mf: no part"),
        ("relationships to nothing",
         zipped([Packed(b"_rels/.rels", b"<Relationships/>")]), "names no model"),
        ("no archive", b"solid", "archive: not a sound zip archive"),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ drawings

_CIRCLE = dxf.circle(0, 0, 5)


def _blocks(depth: int) -> bytes:
    """Blocks in blocks, the innermost with something to cut."""
    inner = [dxf.block("b0", _CIRCLE)]
    inner += [dxf.block(f"b{n}", dxf.insert(f"b{n - 1}")) for n in range(1, depth)]
    return dxf.plain(dxf.insert(f"b{depth - 1}"), b"".join(inner))


DXFS = Table(
    "dxf",
    read_dxf,
    dxf.plain(_CIRCLE),
    rows(
        ("nothing", b"", "dxf: "),
        ("nothing to cut", dxf.plain(b""), "dxf: nothing to cut"),
        ("the binary form", b"AutoCAD Binary DXF\r\n\x1a\0", "dxf: the binary form"),
        ("a word for a code", b"zero\nSECTION\n", "dxf.line 1: expected a group code"),
        ("ends within a tag", b"0\n", "dxf: ends within a tag"),
        ("a section without a name", b"0\nSECTION\n0\nEOF\n",
         "expected the name of a SEC"),
        ("a line of 10,000 bytes", b"0\n" + b"a" * 10_000, "dxf.line 2: more than"),
        ("a unit of light-years", dxf.plain(_CIRCLE, unit=19), "a unit of a workshop"),
        ("a circle beyond the world", dxf.plain(dxf.circle(0, 0, 1e12)), "dxf: beyond"),
        ("a circle of nan", dxf.plain(dxf.circle(0, 0, "nan")), "dxf"),
        ("a word for a radius", dxf.plain(dxf.circle(0, 0, "wide")), "dxf: not sound"),
        ("a block that is not there", dxf.plain(dxf.insert("b")), "no block 'b'"),
        ("a block of another file",
         dxf.plain(dxf.insert("b"),
         dxf.block("b", _CIRCLE).replace(b"70\n0\n", b"70\n4\n")),
         "lies in another file"),
        ("blocks 40 deep", _blocks(40), "deep"),
        ("a block in itself",
         dxf.plain(dxf.insert("b"), dxf.block("b", dxf.insert("b"))), "dxf"),
        ("a million places of a block",
         dxf.plain(dxf.insert("b", (70, 1_000), (71, 1_000)), dxf.block("b", _CIRCLE)),
         "places of blocks"),
        ("a curve of degree 99",
         dxf.plain(dxf.spline((70, 8), (71, 99), (72, 8), (73, 4),
                              *((40, n) for n in range(8)),
                              *((code, n) for n in range(4) for code in (10, 20)))),
         "dxf.spline: degree 99"),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ manifests and bills

_YAML = "title: Hook\nlicense:\n  hardware: CERN-OHL-S-2.0\n"

OKHS = Table(
    "okh toml",
    import_okh,
    HOOK.encode(),
    rows(
        ("nothing", b"", "manifest: "),
        ("too long", b"#" * 2**20 * 4, "bytes; the most is"),
        ("not UTF-8", b'name = "\xff"', "manifest: expected UTF-8"),
        ("half a table", b"[part", "manifest: "),
        ("a key twice", b'okhv = "2.4"\nokhv = "2.4"', "manifest: "),
        ("a text left open", b'okhv = "2.4', "manifest: "),
        ("neither", b'colour = "green"', "neither okhv nor a title"),
        ("a key of 40 parts", b"okhv = '2.4'\n" + b".".join([b"a"] * 40) + b" = 1",
         "a key has at most 32 parts"),
        ("tables 40 deep", b"okhv = '2.4'\na = " + b"[" * 40 + b"]" * 40,
         "at most 16 deep"),
        ("tables without end", b"okhv = '2.4'\na = " + b"[" * 20_000, "manifest: "),
    ),
)  # fmt: skip

YAMLS = Table(
    "okh yaml",
    import_okh,
    _YAML.encode(),
    rows(
        *(
            (name, text.encode(), why)
            for name, text, why in (
                ("a list", "- title: Hook\n", "expected keys with values"),
                ("comments alone", "# title\n", "manifest: is empty"),
                ("two documents", _YAML + "---\na: 1\n", "a second document may not"),
                ("an anchor", "title: &a Hook\nlicense: {}\n", "the anchor &a may not"),
                ("an alias", "title: Hook\nversion: *a\n", "the alias *a may not"),
                ("a tag", "title: !!python/name:os.system x\n", "a tag may not stand"),
                ("a tag of a folder", "title: !include /etc/passwd\n", "a tag may not"),
                (
                    "a key twice",
                    "title: Hook\ntitle: Hack\n",
                    "the key title twice may",
                ),
                (
                    "a list as a key",
                    "title: Hook\n? [a]\n: b\n",
                    "a key that is no word",
                ),
                ("a tab", "title:\n\tlicense: a\n", "manifest: line 2"),
                ("a text left open", 'title: "Hook\n', "manifest: line"),
                ("lists 40 deep", "title: " + "[" * 40 + "]" * 40, "at most 16 deep"),
                ("lists without end", "title: " + "[" * 20_000, "at most 16 deep"),
                ("a zero", "title: Hook\0\n", "manifest: "),
                ("neither", "colour: green\n", "neither okhv nor a title"),
            )
        )
    ),
)

BOMS = Table(
    "bill of materials",
    read_bom,
    b"name,qty\nscrew,4\n",
    rows(
        ("nothing", b"", "expected the headings of a table"),
        ("zeros", bytes(20), "expected a text file"),
        ("words", b"just words\n", "expected the headings of a table"),
        ("no quantity", b"name,colour\nscrew,red\n", "expected the headings"),
        ("no name", b"qty,colour\n4,red\n", "expected the headings"),
        ("headings in line 99", b"\n" * 99 + b"name\n", "expected the headings"),
        ("half a UTF-16", b"\xff\xfea", "expected the headings"),
        ("too long", b"a" * (2**20 + 1), "1048577 bytes; the most is 1048576"),
        ("3,000 rows", b"name,qty\n" + b"screw,4\n" * 3_000, "more than 2000 rows"),
        ("a cell without end", b'name,qty\n"' + b"a" * 200_000 + b'",1', "bom: row"),
    ),
)

_FILE = file_cid([b"x"])


def _folder(*paths: str) -> Callable[[], object]:
    return lambda: folder(dict.fromkeys(paths, _FILE))


FOLDERS = Table(
    "unixfs folder",
    lambda make: make(),
    _folder("a", "b/c"),
    rows(
        *(
            (repr(path), _folder(path), "expected names with one / between them")
            for path in ("", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a\0b")
        ),
        ("half a surrogate", _folder("\ud800"), "not Unicode text"),
        ("a file and a folder", _folder("a", "a/b"), "'a' is a file and a folder"),
        ("a folder and a file", _folder("a/b", "a"), "'a' is a file and a folder"),
        ("99 folders deep", _folder("a/" * 99 + "b"), "folders nest at most"),
        ("names of 300 KiB", _folder(*(f"{n:0200}" for n in range(1_500))),
         "the most is"),
    ),
)  # fmt: skip

TABLES: tuple[Table, ...] = (
    ARCHIVES, STLS, TEXT_STLS, THREEMFS, DXFS, OKHS, YAMLS, BOMS, FOLDERS,
)  # fmt: skip
