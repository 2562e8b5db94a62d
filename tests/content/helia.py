"""Trees, and what helia called them: @helia/unixfs 8.0.5, profile unixfs-v1-2025.

`make test-real` asks it again; here its answers hold us to it without npm.
"""

from __future__ import annotations

from pathlib import Path

from fabnet.content.unixfs import CHUNK_BYTES

TREE = {
    "README.md": b"# Cadira\n",
    "empty.txt": b"",
    "pe\u00e7es/bra\u00e7 dret.stl": b"solid x",
    "pe\u00e7es/\u6905\u5b50.svg": b"<svg/>",
    "pe\u00e7es/deep/er/\U0001f529.txt": b"a bolt",
    "pe\u00e7es.txt": b"not the folder",
    "same/one": b"1",
    "same/two": b"1",
    "Z": b"upper comes first",
    "a": b"lower comes later",
    "long/two leaves.bin": bytes(CHUNK_BYTES + 1),
    "exact/one leaf.bin": b"\x01" * CHUNK_BYTES,
}
"""Contents by path: nested, of any letters, empty, alike, of one leaf and of two."""
FULL = [*(f"{number:0200}" for number in range(1_065)), "z" * 105]
"""Names of files that hold `x`: their folder has 256 KiB, the most that stays plain."""

NAMES = {
    "tree": "bafybeidc5tbbzboodtg6uanuflqusr4ldf2vcgcn2w4zjs3omghewj7w7i",
    "full": "bafybeigwmghmgnaoro46z52aolmcphas3vpqeqwvuolp5a4qbyfxokzh4i",
    "empty": "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",
    "100 MiB": "bafybeihekywddbzllb3waeoltzfeftxani7qshphmjkylbthhyoko5x35i",
    "100 MiB + 1 B": "bafybeihrdt4lkx3saeitqtvbmzoxkgbigvwyurafnkfv5d375kjkuruwji",
}
"""The CID of TREE, of FULL, of an empty folder, and of so many zeros."""


def write_tree(at: Path) -> None:
    """Write TREE under a folder."""
    for path, content in TREE.items():
        (at / path).parent.mkdir(parents=True, exist_ok=True)
        (at / path).write_bytes(content)
