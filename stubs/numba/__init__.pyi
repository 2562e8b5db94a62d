from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

def njit(
    *,
    cache: bool = ...,
    nogil: bool = ...,
    error_model: str = ...,
    inline: str = ...,
) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]: ...
