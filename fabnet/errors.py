"""Every error fabnet raises.

FabnetError
├── LocalError            we, or whoever called us, did something wrong
│   ├── InputError        a field somebody here typed or configured
│   ├── TransitionError   a step the state table does not hold
│   ├── StorageError      the disk did not keep what we asked it to keep
│   └── RestoredError     this database is not the newest that spoke as this node
└── RemoteError           a peer, or a file from outside, did something wrong
    ├── MalformedError    bytes that are not what they claim to be
    ├── SignatureError    a signature that does not hold
    └── LimitError        more than a named limit allows

A "no" is not an error. Refusals and unplaced requests are returned as values.
"""

from __future__ import annotations


class FabnetError(Exception):
    """Base of every error fabnet raises on purpose."""


class LocalError(FabnetError):
    """We, or the code calling us, did something wrong."""


class InputError(LocalError):
    """A field somebody here typed; the message names it and says what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class TransitionError(LocalError):
    """A step was asked for that the state table does not hold."""


class StorageError(LocalError):
    """The disk did not keep what we asked it to keep."""


class DiskFullError(StorageError):
    """There is no room on the disk for what we asked it to keep."""


class DiskError(StorageError):
    """The disk failed: nothing more is promised before a person has looked at it."""


class RestoredError(LocalError):
    """This database was brought back, and is not the newest that spoke as this node."""

    def __init__(self, above: int) -> None:
        super().__init__(f"an incarnation counted {above} or more has spoken")
        self.above = above
        """The counter of the newest incarnation that is known to have spoken."""


class RemoteError(FabnetError):
    """Input from outside was wrong; whoever sent it answers for it."""


class MalformedError(RemoteError):
    """Bytes that are not what they claim to be."""


class SignatureError(RemoteError):
    """A signature that does not hold."""


class LimitError(RemoteError):
    """More than a named limit allows."""
