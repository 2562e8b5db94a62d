from typing import TypeAlias

# Narrower than the truth: a map, a float or a boolean may come too. Its one caller,
# records/canonical, refuses those before anyone looks at the value.
_Value: TypeAlias = int | str | bytes | list[_Value] | None

class UnpackException(Exception): ...

def packb(
    value: object, *, use_bin_type: bool = ..., strict_types: bool = ...
) -> bytes: ...
def unpackb(
    packed: bytes,
    *,
    raw: bool = ...,
    strict_map_key: bool = ...,
    max_buffer_size: int = ...,
) -> _Value: ...
