"""The secrets of one node: files in its data directory that nobody else may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fabnet.errors import InputError
from fabnet.node.store.alarm import failed
from fabnet.node.store.engine import make_directory, sync_directory
from fabnet.records.keys import SealingKey, SigningKey

NODE_FILE: Final = "node.pem"
"""The Ed25519 key by which this node speaks."""
SEALING_FILE: Final = "sealing.key"
"""Opens what was sealed to this node."""
PERSON_FILE: Final = "person.key"
"""By which the people that requests are for get their pseudonyms."""
ONE_TIME_FILE: Final = "one-time-token"
"""Makes the first operator, once."""
SECRET_BYTES: Final = 32
KEY_FILE_BYTES_MAX: Final = 8_192
"""A PEM key has some 120."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """What a node signs, opens and names people with. Never printed."""

    node: SigningKey
    sealing: SealingKey
    person_secret: bytes

    @classmethod
    def open(cls, data_dir: Path, dice: Callable[[int], bytes]) -> Keyring:
        """Return the keys in `data_dir`, making from `dice` those that are absent.

        Raises InputError for a file that others may read, or that holds no key.
        """
        make_directory(data_dir)
        return cls(
            node=signing_key(data_dir / NODE_FILE, dice),
            sealing=SealingKey.from_seed(_secret(data_dir / SEALING_FILE, dice)),
            person_secret=_secret(data_dir / PERSON_FILE, dice),
        )


def signing_key(path: Path, dice: Callable[[int], bytes]) -> SigningKey:
    """Return the key in a PEM file, which is made from `dice` when it is absent."""
    if not path.exists():
        write_secret(path, SigningKey.from_seed(dice(SECRET_BYTES)).to_pem())
    return SigningKey.from_pem(read_secret(path))


def read_secret(path: Path) -> bytes:
    """Return what a secret file holds, or raise InputError when others may read it."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()[: KEY_FILE_BYTES_MAX + 1]
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    if mode & _OTHERS:
        wide = f"others may read it (mode {stat.S_IMODE(mode):o}); chmod 600 it"
        raise InputError(str(path), wide)
    if len(content) > KEY_FILE_BYTES_MAX:
        raise InputError(str(path), f"expected at most {KEY_FILE_BYTES_MAX} bytes")
    return content


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read, whole or not at all."""
    partial = path.with_name(path.name + ".new")
    try:
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        raise failed(f"{path}: cannot be written", error) from error


def _secret(path: Path, dice: Callable[[int], bytes]) -> bytes:
    if not path.exists():
        write_secret(path, dice(SECRET_BYTES))
    secret = read_secret(path)
    if len(secret) != SECRET_BYTES:
        raise InputError(str(path), f"expected {SECRET_BYTES} bytes, got {len(secret)}")
    return secret
