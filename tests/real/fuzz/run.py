"""Fuzz one reader with atheris: `run.py TARGET CORPUS RUNS`.

Exits with 0 when no input made the reader raise anything but our own errors. Not a test
itself: tests/real/test_atheris.py runs it in a process of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["fabnet"]):
    from fabnet.content.archive import Archive
    from fabnet.content.cid import parse as parse_cid
    from fabnet.designs.bom_file import read_bom
    from fabnet.designs.geometry.dxf_tags import TagReader
    from fabnet.designs.geometry.stl import read_stl
    from fabnet.designs.okh.manifest import import_okh
    from fabnet.designs.revision import parse as parse_manifest
    from fabnet.errors import FabnetError
    from fabnet.node.links.auth_header import read_params
    from fabnet.protocol.address import from_bytes
    from fabnet.protocol.address import parse as parse_address
    from fabnet.records.civil import moment_of
    from fabnet.records.credential import open_credential
    from fabnet.records.envelope import parse_envelope
    from fabnet.records.keys import from_did, from_peer
    from fabnet.records.peer_record import open_peer_record


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def names(data: bytes) -> None:
    """Read one name, of the kind that the first byte says."""
    readers = (parse_cid, from_peer, from_did, parse_address, moment_of)
    readers[data[0] % len(readers) if data else 0](text(data[1:]))


def envelopes(data: bytes) -> None:
    if data[:1] == b"\0":
        open_peer_record(data[1:])
    else:
        parse_envelope(data[1:], payload_type=b"/fabnet/record/1")


def archives(data: bytes) -> None:
    archive = Archive(data)
    for entry in archive.entries:
        for _ in archive.pieces(entry.path):
            pass


TARGETS: dict[str, Callable[[bytes], object]] = {
    "names": names,
    "addresses": from_bytes,
    "logins": lambda data: read_params(text(data)),
    "envelopes": envelopes,
    "credentials": open_credential,
    "manifests": parse_manifest.__wrapped__,
    "okh": import_okh,
    "bills": read_bom,
    "archives": archives,
    "meshes": read_stl,
    "drawings": lambda data: list(TagReader(data)),
}


def main(target: str, corpus: str, runs: str) -> None:
    read = TARGETS[target]

    def once(data: bytes) -> None:
        try:
            read(data)
        except FabnetError:
            return

    words = [
        sys.argv[0],
        corpus,
        f"-runs={runs}",
        "-max_len=4096",
        "-rss_limit_mb=1024",
    ]
    atheris.Setup([*words, "-timeout=10", f"-artifact_prefix={corpus}/../"], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
