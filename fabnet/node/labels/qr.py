"""QR codes as rows of modules."""

from __future__ import annotations

from typing import Final

QR_BYTES_MAX: Final = 300
"""More makes modules under 0.35 mm on a label, which a telephone does not read."""


def modules(content: str) -> tuple[bytes, ...]:
    """Return the rows of a QR code without its margin, one byte a module, 1 is dark.

    Level M: a fifth of it may be scratched. Deterministic for the same content.
    """
    import segno  # noqa: PLC0415  # an idle node prints nothing

    assert fits_qr(content), "the caller chose what fits"
    code = segno.make(content, error="m", boost_error=False, micro=False)
    return tuple(bytes(row) for row in code.matrix)


def fits_qr(content: str) -> bool:
    """Whether a text is short enough to be read from paper."""
    return 0 < len(content.encode()) <= QR_BYTES_MAX
