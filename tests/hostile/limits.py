"""Tables of what is only too much: each limit lowered for a moment, then passed by one.

Real inputs of that size cost seconds; those that must be cheap to refuse whatever
their size are in the attacks of `tests/content` and `tests/designs/geometry`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Final

import pytest

from fabnet.content import archive, cid
from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import charter_subject
from fabnet.cooperation.membership import membership_subject, open_membership
from fabnet.designs import requirement, revision
from fabnet.designs.geometry import (
    drawing,
    dxf_tags,
    mesh,
    outlines,
    stl,
    strict_xml,
    threemf,
    threemf_model,
)
from fabnet.production.request import RequestClosed
from fabnet.records.credential import canonical_json
from fabnet.records.ids import CharterId
from fabnet.records.keys import SealingKey, SigningKey, seal
from fabnet.records.record import open_record, seal_record
from tests.content.zips import Packed, crowded, zipped
from tests.cooperation import people
from tests.designs import drawings as dxf
from tests.designs import packages
from tests.designs.samples import ascii_stl, cuboid, tetrahedron
from tests.designs.samples import stl as binary_stl
from tests.hostile.files import _unpacked
from tests.hostile.papers import _MANIFEST, edited
from tests.hostile.rows import Table, rows
from tests.production.samples import NOON_MS, OURS, job, key

_TWO = dxf.plain(dxf.circle(0, 0, 5) + dxf.circle(9, 0, 5))
_LAYERS = dxf.plain(dxf.circle(0, 0, 5) + dxf.circle(9, 0, 5).replace(b"cut", b"mark"))
_CURVE = dxf.plain(
    dxf.spline((70, 8), (71, 3), (72, 8), (73, 4), *((40, n) for n in range(8)),
               *((code, n) for n in range(4) for code in (10, 20)))
)  # fmt: skip
_FALLING = dxf.plain(
    dxf.spline((70, 8), (71, 3), (72, 8), (73, 4), *((40, 8 - n) for n in range(8)),
               *((code, n) for n in range(4) for code in (10, 20)))
)  # fmt: skip
_BLOCK = packages.thing(1, packages.mesh(cuboid(3, 4, 5)))
_BUILD = packages.package(packages.model(_BLOCK, packages.item(1) * 2))
_OBJECTS = packages.package(
    packages.model(_BLOCK + _BLOCK.replace('id="1"', 'id="2"'), packages.item(1))
)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A limit, what it is for a moment, and what is then read."""

    module: ModuleType
    name: str
    most: int
    read: Callable[[bytes], object]
    data: bytes


def _passed(case: Lowered) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case.module, case.name, case.most)
        return case.read(case.data)


_DXF, _STL, _3MF = drawing.read_dxf, stl.read_stl, threemf.read_3mf
LOWERED: Final = Table(
    "limit",
    _passed,
    Lowered(drawing, "LINES_MAX", 2, _DXF, _TWO),
    rows(
        *(
            (name.lower() + f" of {module.__name__.rpartition('.')[2]}",
             Lowered(module, name, most, read, data), why)
            for module, name, most, read, data, why in (
                (drawing, "LINES_MAX", 1, _DXF, _TWO, "dxf: more than 1 lines"),
                (drawing, "POINTS_MAX", 5, _DXF, _TWO, "dxf: more than 5 points"),
                (drawing, "LAYERS_MAX", 1, _DXF, _LAYERS,
                 "more than 1 layers with lines"),
                (dxf_tags, "DXF_BYTES_MAX", 9, _DXF, _TWO, "bytes; the most is 9"),
                (dxf_tags, "TAGS_MAX", 9, _DXF, _TWO, "dxf: more than 9 tags"),
                (dxf_tags, "ENTITIES_MAX", 1, _DXF, _TWO, "dxf: more than 1 entities"),
                (outlines, "SPLINE_POINTS_MAX", 3, _DXF, _CURVE,
                 "4 points; the most is 3"),
                (mesh, "TRIANGLES_MAX", 3, _STL, ascii_stl(tetrahedron()),
                 "stl.triangles: the most is 3"),
                (stl, "TRIANGLES_MAX", 3, _STL, binary_stl(tetrahedron()),
                 "stl.triangles: 4; the most is 3"),
                (stl, "ASCII_BYTES_MAX", 9, _STL, ascii_stl(tetrahedron()),
                 "bytes; the most is 9"),
                (strict_xml, "ELEMENTS_MAX", 9, _3MF, _BUILD,
                 "3mf: more than 9 elements"),
                (strict_xml, "NAMES_MAX", 9, _3MF, _BUILD,
                 "more than 9 different names"),
                (threemf, "PACKAGE_PARTS_MAX", 2, _3MF, _BUILD,
                 "3mf: 3 parts; the most"),
                (threemf, "MODEL_BYTES_MAX", 9, _3MF, _BUILD,
                 "bytes of models; the most"),
                (threemf, "INSTANCES_MAX", 1, _3MF, _BUILD,
                 "more than 1 placed objects"),
                (threemf, "PLACED_POINTS_MAX", 9, _3MF, _BUILD,
                 "more than 9 placed points"),
                (threemf_model, "OBJECTS_MAX", 1, _3MF, _OBJECTS,
                 "more than 1 objects"),
                (threemf_model, "PLACINGS_MAX", 1, _3MF, _BUILD,
                 "1 components and items"),
                (threemf, "_RELATIONSHIPS_BYTES_MAX", 9, _3MF, _BUILD,
                 "bytes; the most is 9"),
                (archive, "UNPACKED_BYTES_MAX", 9, _unpacked,
                 zipped([Packed(b"a"), Packed(b"b")]),
                 "14 bytes unpacked; the most is 9"),
                (archive, "ENTRIES_MAX", 9, _unpacked, crowded(10),
                 "10 entries; the most is 9"),
                (archive, "DIRECTORY_BYTES_MAX", 9, _unpacked, crowded(10),
                 "a directory of"),
                (revision, "REVISION_BYTES_MAX", 9, revision.parse.__wrapped__,
                 canonical_json(_MANIFEST), "bytes; the most is 9"),
            )
        ),
        ("knots that fall", Lowered(drawing, "LINES_MAX", 9, _DXF, _FALLING),
         "dxf.spline: expected knots that rise"),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ keys and seals

_SEALING = SealingKey.from_seed(b"\3" * 32)
_SEALED = seal(b"Rosa", to=_SEALING.public, context=b"job", seed=b"\4" * 32)
SEALS = Table(
    "seal",
    lambda sealed: _SEALING.open(sealed, context=b"job"),
    _SEALED,
    rows(
        ("nothing", b"", "expected a 32-byte key and a 16-byte tag"),
        ("a byte short of a tag", bytes(47),
         "expected a 32-byte key and a 16-byte tag"),
        ("a key of small order", bytes(32) + _SEALED[32:], "not sealed to this key"),
        ("for another", _SEALED[:32] + bytes(20), "not sealed to this key and context"),
        ("cut short", _SEALED[:-1], "not sealed to this key and context"),
        ("a byte more", _SEALED + b"\0", "not sealed to this key and context"),
        ("another job",
         seal(b"Rosa", to=_SEALING.public, context=b"b", seed=b"\4" * 32),
         "not sealed to this key and context"),
    ),
)  # fmt: skip

SEALING_KEYS = Table(
    "sealing key",
    lambda raw: seal(b"", to=raw, context=b"", seed=b"\4" * 32),
    _SEALING.public,
    rows(
        *(
            (name, raw, "expected 32 bytes, not of small order")
            for name, raw in (
                ("nothing", b""), ("31 bytes", b"\5" * 31), ("33 bytes", b"\5" * 33),
                ("zero", bytes(32)), ("one", b"\1" + bytes(31)),
                ("minus one", b"\xec" + b"\xff" * 30 + b"\x7f"),
                ("order 8", bytes.fromhex(
                    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
            )
        )
    ),
)  # fmt: skip

_PEM = key(1).to_pem()
KEY_FILES = Table(
    "key file",
    SigningKey.from_pem,
    _PEM,
    rows(
        ("nothing", b"", "not an unencrypted PEM key"),
        ("half of it", _PEM[:60], "not an unencrypted PEM key"),
        ("another label", _PEM.replace(b"PRIVATE", b"PUBLIC"),
         "not an unencrypted PEM"),
        ("an X25519 key", _PEM.replace(b"MC4CAQAwBQYDK2Vw", b"MC4CAQAwBQYDK2Vu"),
         "expected an Ed25519 key"),
        ("not base64", _PEM.replace(b"MC4C", b"####"), "not an unencrypted PEM key"),
    ),
)  # fmt: skip


def _pruned(kind: type[RequestClosed]) -> object:
    whole = seal_record(
        key(1), network="test", kind="request-closed/1", incarnation=OURS, seq=1,
        prev=None, moment_ms=NOON_MS, about=None, body=RequestClosed(job(), "expired",
        ""),
    )  # fmt: skip
    body = None if kind is RequestClosed else whole.body
    return open_record(whole.envelope, body, network="test").read(RequestClosed)


PRUNED = Table(
    "pruned record", _pruned, object, rows(("read", RequestClosed, "body was pruned"))
)

# ------------------------------------------------------------------ later charters

_FIRST = people.mill()


def _version(number: int, **how: object) -> bytes:
    said: dict[str, object] = {"stewards": people.STEWARDS, **how}
    subject = charter_subject(
        name="The Mill", nodes=[people.NODE], version=number, lineage=_FIRST.id,
        charter_quorum=2, **said,  # type: ignore[arg-type]  # by name
    )  # fmt: skip
    return people.charter_bytes(subject, people.ALICE, people.BOB)


_SECOND = people.founded(_version(2), _FIRST)
_SEATS = [(_FIRST.id, steward) for steward in people.STEWARDS]
_NODE_CUT = {people.NODE: (OURS, 3)}
CHARTERS = Table(
    "charter after the second",
    lambda raw: charters.open_charter(raw, previous=_SECOND),
    _version(3),
    rows(
        ("the second again, otherwise", _version(2, members=[people.CAROL.public]),
         "charter-not-newer"),
        ("a node that it cuts", _version(3, revoked=_NODE_CUT), "node-revoked"),
        ("now a federation", _version(3, stewards=_SEATS, actor_kind="federation"),
         "actor-kind-changed"),
        ("the fifth", _version(5), "charter-version-missing"),
    ),
)  # fmt: skip
UNKNOWN = Table(
    "charter of nobody we know",
    lambda raw: charters.open_charter(raw, previous=None),
    people.charter_bytes(
        charter_subject(name="Loom", stewards=people.STEWARDS, nodes=[]), people.ALICE
    ),
    rows(("the second", _version(2), "charter-unknown")),
)


def _member_of(federation: CharterId) -> bytes:
    subject = membership_subject(
        member=CharterId("sha256:" + "1" * 64), federation=federation,
        actor_type="firm",
    )  # fmt: skip
    return people.signed(
        "FabnetMembership", subject, [people.ALICE], until=people.NEXT_YEAR
    )


_REGION = people.federation(1)
NO_FEDERATION = Table(
    "membership of a charter",
    lambda both: open_membership(both[0], both[1]),
    (_member_of(_REGION.id), _REGION),
    rows(("of a cooperative", (_member_of(_FIRST.id), _FIRST), "not-a-federation")),
)

LINEAGES = Table(
    "manifest's descent",
    revision.parse,
    canonical_json(_MANIFEST),
    rows(
        ("a lineage without parents",
         canonical_json(edited(_MANIFEST, "lineage", cid.of_raw(b"first"))),
         "lineage: expected with parents, and only with them"),
        ("parents without a lineage",
         canonical_json(edited(_MANIFEST, "parents", [cid.of_raw(b"first")])),
         "lineage: expected with parents, and only with them"),
        ("two of a remix",
         canonical_json(edited(_MANIFEST, "derivedFrom", [
             {"cid": cid.of_raw(b"other"), "relation": "remix", "quantity": 2}])),
         "derivedFrom[0].quantity: only of a part"),
        ("spaces between", canonical_json(_MANIFEST).replace(b",", b", ", 1),
         "not the canonical form"),
        ("too long", canonical_json(_MANIFEST) + b" " * 2**18, "the most is 262144"),
    ),
)  # fmt: skip

REQUIREMENTS = Table(
    "requirement",
    requirement.Requirement.from_json,
    _MANIFEST["parts"][0]["requirement"],  # type: ignore[index,call-overload]  # an object
    rows(
        ("a list", [], "requirement: expected an object"),
        ("an unknown field", {"colour": "green"}, "requirement.colour: no such field"),
        ("nothing", {}, "requirement.process: Expected `str`, got `null`"),
    ),
)

TABLES: tuple[Table, ...] = (
    LOWERED, SEALS, SEALING_KEYS, KEY_FILES, PRUNED, CHARTERS, UNKNOWN,
    NO_FEDERATION, LINEAGES, REQUIREMENTS,
)  # fmt: skip
