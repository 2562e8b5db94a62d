"""What `gettext` looks for when it gathers the texts to translate."""

from __future__ import annotations


def _(text: str) -> str:
    """Mark a text for translation."""
    return text
