"""Tables of what IPFS clients name and send: CIDs in any base, nodes, DAGs, CARs."""

from __future__ import annotations

import io
from collections.abc import Callable

from fabnet.content import car, dag, dagpb, naming
from fabnet.content.cid import Cid, of_dag_pb, of_raw, to_bytes
from fabnet.content.dagpb import Link
from fabnet.content.multibase import varint
from fabnet.content.unixfs import file_cid, folder
from fabnet.errors import MalformedError
from fabnet.protocol import address
from tests.hostile.rows import Table, rows
from tests.production.samples import MAKER

_X, _Y = of_raw(b"x"), of_raw(b"y")
_FOLDER, _FILE = b"\x08\x01", b"\x08\x02"
_HEX = to_bytes(_X).hex()

ANY_CIDS = Table(
    "cid in any base",
    naming.read,
    _X,
    rows(
        ("nothing", "", "expected 2 to 120 letters and digits"),
        ("a letter of another script", "b" + "é" * 58, "expected 2 to 120 letters"),
        ("without end", "b" * 121, "expected 2 to 120 letters"),
        ("no base", "1" + _X, "no multibase '1'"),
        ("capitals in lower-case base32", "b" + _X[1:].upper(), "no multibase 'b'"),
        ("no base32", "b1", "not multibase"),
        ("a line feed", _X + "\n", "not multibase"),
        ("base36 with a line below", "k1_0", "no multibase 'k'"),
        ("no base58", "z0", "no such digit '0'"),
        ("version 0 of another hash", "Qm" + "1" * 44, "not a sha2-256 multihash"),
        ("version 2", "f02" + _HEX[2:], "version 2"),
        ("half a CID", "f" + _HEX[:-20], "not as long as it says"),
        ("more than a CID", "f" + _HEX + "00", "not as long as it says"),
        ("a codec alone", "f0155", "truncated"),
    ),
)

PEERS = Table(
    "peer id in any base",
    address.peer_in,
    MAKER,
    rows(
        ("nothing", "", "expected the base58 form"),
        ("without end", "1" * 81, "too long for an Ed25519 key"),
        ("no base32", "b1", "not a CID"),
        ("base36 with a line below", "k1_0", "not a CID"),
        ("the CID of a file", _X, "expected the CID of a libp2p key"),
        ("base36 of a file", "k" + "z" * 60, "expected the CID of a libp2p key"),
    ),
)

_NODE = dagpb.encode([Link("a", _X, 1)], _FOLDER)
_LINK = _NODE[: -2 - len(_FOLDER)]


def _link(
    hash_: bytes = to_bytes(_X), name: bytes = b"a", rest: bytes = b"\x18\1"
) -> bytes:
    inner = b"\x0a" + varint(len(hash_)) + hash_
    inner += b"\x12" + varint(len(name)) + name + rest
    return b"\x12" + varint(len(inner)) + inner + b"\x0a\x02\x08\x01"


NODES = Table(
    "dag-pb node",
    dagpb.decode,
    _NODE,
    rows(
        ("nothing", b"", "expected field 1 at byte 0"),
        ("links without data", _LINK, "expected field 1"),
        ("a truncated link", _NODE[:20], "truncated in field 2"),
        ("6,001 links", _LINK * 6_001, "more than 6000 links"),
        ("a link without a size", _link(rest=b""), "a link without its size"),
        ("a name of broken letters", _link(name=b"\xff"), "a name that is not UTF-8"),
        ("half a CID", _link(hash_=bytes(20)), "expected CIDv1, raw or dag-pb"),
        ("something after the data", _NODE + b"\x00", "not the canonical form"),
        ("names in another order", _link(name=b"b")[:-4] + _NODE,
         "not the canonical form"),
    ),
)  # fmt: skip


def _file(links: list[Link], *sizes: int, size: int | None = None) -> bytes:
    each = b"".join(b"\x20" + varint(it) for it in sizes)
    whole = varint(sum(sizes) if size is None else size)
    return dagpb.encode(links, _FILE + b"\x18" + whole + each)


def _node(data: bytes) -> bytes:
    return dagpb.encode([], data)


_ONE = [Link("", _X, 1)]
Blocks = dict[Cid, bytes]


def _dag(root: bytes, *others: bytes) -> tuple[Cid, Blocks]:
    """Return a DAG; `others` are the nodes below its root, beside the leaf `x`."""
    blocks = {of_dag_pb(it): it for it in (root, *others)} | {_X: b"x"}
    return of_dag_pb(root), blocks


def _read(given: tuple[Cid, Blocks]) -> list[str]:
    root, blocks = given

    def fetch(cid: Cid) -> bytes:
        if cid not in blocks:
            raise MalformedError(f"{cid} is missing")
        return blocks[cid]

    found = dag.files_under(root, fetch)
    return [each.path for each in found if sum(map(len, each.pieces)) >= 0]


def _nested(count: int, wrap: Callable[[Cid], bytes]) -> tuple[Cid, Blocks]:
    blocks: Blocks = {_X: b"x"}
    cid = _X
    for _ in range(count):
        block = wrap(cid)
        cid = of_dag_pb(block)
        blocks[cid] = block
    return cid, blocks


_LIAR = (_X, {_X: b"y"})
DAGS = Table(
    "DAG",
    _read,
    _dag(_NODE),
    rows(
        ("a missing block", (_X, {}), "is missing"),
        ("another block", _LIAR, "the block is another's"),
        ("a block of 2 MiB and a byte", (_X, {_X: bytes((2 << 20) + 1)}),
         "a block of more than 2097152 bytes"),
        ("a sharded folder", _dag(_node(b"\x08\x05")), "a sharded folder"),
        ("a link to elsewhere", _dag(_node(b"\x08\x04")), "neither a file nor"),
        ("a folder with bytes", _dag(_node(b"\x08\x01\x12\x01a")), "also a file"),
        ("a link without its size", _dag(_file(_ONE)), "1 links, 0 sizes"),
        ("sizes that do not add up", _dag(_file(_ONE, 1, size=2)), "do not add up"),
        ("a leaf of another length", _dag(_file(_ONE, 2)), "not the 2 bytes"),
        ("a folder in a file",
         _dag(_file([Link("", of_dag_pb(_node(_FOLDER)), 4)], 4), _node(_FOLDER)),
         "not the 4 bytes"),
        ("half a field", _dag(_node(b"\x08\x02\x12\x09a")), "unixfs: truncated"),
        ("no field", _dag(_node(b"\x0d\x00")), "no field has tag 13"),
        ("one name twice", _dag(dagpb.encode([Link("a", _X, 1)] * 2, _FOLDER)),
         "two entries of one name"),
        ("a path for a name", _dag(dagpb.encode([Link("a/b", _X, 1)], _FOLDER)),
         "an entry named 'a/b'"),
        ("folders without end",
         _nested(40, lambda cid: dagpb.encode([Link("a", cid, 1)], _FOLDER)),
         "folders nest at most 32 deep"),
        ("nodes without end",
         _nested(10, lambda cid: _file([Link("", cid, 1)], 1)),
         "nodes nest at most 8 deep"),
    ),
)  # fmt: skip

_DESIGN = folder({"x": file_cid([b"x"])})
_CAR = (
    car.header([_DESIGN.cid])
    + car.section(_DESIGN.cid, len(_DESIGN.blocks[-1][1]))
    + _DESIGN.blocks[-1][1]
    + car.section(_X, 1)
    + b"x"
)


def _fetched(raw: bytes) -> bytes:
    file = io.BytesIO(raw)
    return car.read_car(file).fetcher(file)(_X)


CARS = Table(
    "CAR",
    _fetched,
    _CAR,
    rows(
        ("nothing", b"", "car: empty"),
        ("half a header", _CAR[:20], "bytes short"),
        ("version 2", _CAR.replace(b"version\1", b"version\2"), "canonical dag-cbor"),
        ("a header of another length", b"\x05hello", "expected a header of version 1"),
        ("without its last byte", _CAR[:-1], "1 bytes short"),
        ("half a length", _CAR + b"\x80", "truncated in a length"),
        ("a length without end", _CAR + b"\xff" * 9, "a length of more than 4 bytes"),
        ("a block without a CID", _CAR + b"\x02ab", "a block of 2 bytes with its CID"),
        ("a block of 3 MiB", _CAR + varint(3 << 20), "with its CID"),
        ("a lie", _CAR[:-1] + b"y", "is not bafk"),
        ("a missing block", car.header([_X]), "is missing"),
    ),
)  # fmt: skip

TABLES = (ANY_CIDS, PEERS, NODES, DAGS, CARS)
