"""Pages from templates: escaped by default, without script, from this package alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fabnet.node.web import sentences

_HERE: Final = Path(__file__).parent
STATIC: Final = {
    "fabnet.css": "text/css",
    "icon.svg": "image/svg+xml",
}
"""The files that pages may ask for, and nothing else is served."""
REFRESH_S: Final = 5
"""Seconds after which a page asks again: making is slow, and a reader patient."""


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = sentences.moment
    environment.filters["span"] = sentences.span
    environment.filters["short"] = sentences.short
    environment.filters["reason"] = _reason
    environment.globals["refresh_s"] = REFRESH_S
    return environment


def _reason(code: str) -> str:
    return sentences.reason(code, {})


_ENVIRONMENT: Final = _environment()


def render(template: str, **shown: object) -> str:
    """Return the page that a template makes of what it is shown."""
    return _ENVIRONMENT.get_template(template).render(shown)


def static(name: str) -> bytes | None:
    """Return a packaged file, or nil for a name that is not one of them."""
    if name not in STATIC:
        return None
    return (_HERE / "static" / name).read_bytes()
