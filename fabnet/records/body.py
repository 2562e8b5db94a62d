"""The shape of everything signed: a frozen array of bounded fields.

A body is an array in the order of its fields, so two writers agree on its bytes. It
has no defaults and takes no extra element: a new field needs a new kind version.
"""

from __future__ import annotations

from typing import dataclass_transform

import msgspec


# Says to type checkers what the line below it does: every heir is frozen too.
@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Body(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of every signed body."""
