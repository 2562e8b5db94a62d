"""Compiled loops where numba is installed (`fabnet[fast]`), and numpy where it is not.

Whatever runs compiled has a twin in plain numpy that gives the same answer, and
`FAST` says which of the two to take. `FABNET_NUMBA=0` chooses the twin. A kernel
takes arrays and whole numbers and reads no name of another file but other kernels:
numba keeps what it has compiled beside the file, and looks at that file alone.
"""

from __future__ import annotations

from collections.abc import Callable
from os import environ
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

try:
    from numba import njit
except ImportError:  # a Pi, or whoever did not ask for the extra
    INSTALLED = False
else:
    INSTALLED = True

FAST: Final = INSTALLED and environ.get("FABNET_NUMBA") != "0"
"""Whether kernels run, rather than their twins."""


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Return a kernel that compiles at its first call, or as it stands.

    Division is numpy's, so by zero it gives a number and not an exception; nothing may
    be reordered, so that two processors decide the same.
    """
    if not INSTALLED:
        return function
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to keep compiled code in: compile at each start
        return njit(cache=False, nogil=True, error_model="numpy")(function)


def inlined(function: Callable[P, T]) -> Callable[P, T]:
    """Return a piece of a kernel that is compiled into it, or as it stands.

    A call that hands over a dozen arrays costs more than the little it does.
    """
    if not INSTALLED:
        return function
    return njit(inline="always", nogil=True, error_model="numpy")(function)
