"""Which keys of OKH v1 are which of LOSH, one rule each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fabnet.designs.okh.values import Toml, same, text_of, texts_of

Document = dict[str, Toml]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One LOSH key, the v1 keys that it is read from, and the one it is written to."""

    key: str
    names: tuple[str, ...]
    """The first is the one that is written."""
    read: Callable[[Document], Toml | None]
    write: Callable[[Toml, Document], Toml | None]
    """The v1 value of a LOSH value; nil for one that v1 cannot say."""

    @property
    def name(self) -> str:
        """The v1 key that is written."""
        return self.names[0]

    def carried(self, value: Toml, document: Document) -> bool:
        """Whether the LOSH value alone carries what the first key says."""
        if self.name not in document:
            return False
        without = {key: it for key, it in document.items() if key != self.name}
        if self.write(value, without) != document[self.name]:
            return False
        otherwise = self.read(without)
        return otherwise is None or not same(otherwise, value)

    def put(self, value: Toml, document: Document) -> None:
        """Write a LOSH value into a v1 manifest, if v1 can say it or the gist of it."""
        written = self.write(value, document)
        bare = {key: it for key, it in document.items() if key not in self.names}
        for among in (document, bare):
            candidate = among | ({} if written is None else {self.name: written})
            read = self.read(candidate)
            if read is None:
                continue
            if same(read, value) or self.carried(read, candidate):
                break
        else:
            candidate = bare
        document.clear()
        document.update(candidate)


def _text(key: str, name: str) -> _Rule:
    """A text that stands under another key, or the same."""
    return _Rule(key, (name,), lambda it: text_of(it.get(name)) or None, _as_text)


def _path(key: str, name: str) -> _Rule:
    """A file or a word, of which v1 has one; several are taken where they stand."""

    def read(document: Document) -> Toml | None:
        stated = document.get(name)
        if isinstance(stated, list) and all(isinstance(it, str) for it in stated):
            return stated or None
        return text_of(stated) or None

    def write(value: Toml, _: Document) -> Toml | None:
        each = value if isinstance(value, list) else [value]
        named = [it.get("location") if isinstance(it, dict) else it for it in each]
        return next((text_of(it) for it in named if text_of(it)), None)

    return _Rule(key, (name,), read, write)


def _files(key: str, name: str) -> _Rule:
    """A list of files, each `{path, title}`, of which LOSH has the paths."""

    def read(document: Document) -> Toml | None:
        stated = document.get(name)
        each = stated if isinstance(stated, list) else [stated]
        paths = [it.get("path") if isinstance(it, dict) else it for it in each]
        found = [text_of(path) for path in paths if text_of(path)]
        return list[Toml](found) if len(found) > 1 else next(iter(found), None)

    def write(value: Toml, _: Document) -> Toml | None:
        paths = texts_of(value)
        return [{"path": path} for path in paths] if paths else None

    return _Rule(key, (name,), read, write)


def _as_text(value: Toml, _: Document) -> Toml | None:
    return value if isinstance(value, str) and value else None


def _read_repo(document: Document) -> Toml | None:
    home = text_of(document.get("documentation-home"))
    return home or text_of(document.get("project-link")) or None


def _read_function(document: Document) -> Toml | None:
    """Join what v1 says of a thing's use, in its words alone."""
    described = [text_of(document.get(key)) for key in ("description", "intended-use")]
    keywords = ", ".join(texts_of(document.get("keywords")))
    return "\n\n".join(filter(None, (*described, keywords))) or None


def _read_licence(document: Document) -> Toml | None:
    """Return the hardware's licence, else the documentation's; never the software's."""
    stated = document.get("license")
    if not isinstance(stated, dict):
        return stated if isinstance(stated, str | list) and stated else None
    hardware = text_of(stated.get("hardware"))
    return hardware or text_of(stated.get("documentation")) or None


def _write_licence(value: Toml, document: Document) -> Toml | None:
    if not isinstance(value, str) or not value:
        return None
    others = document.get("license")
    return {"hardware": value} | (others if isinstance(others, dict) else {})


def _read_fork(document: Document) -> Toml | None:
    for key in ("derivative-of", "variant-of"):
        stated = document.get(key)
        first = stated[0] if isinstance(stated, list) and stated else stated
        web = first.get("web") if isinstance(first, dict) else first
        if text_of(web):
            return text_of(web)
    return None


def _write_fork(value: Toml, _: Document) -> Toml | None:
    return {"web": value} if isinstance(value, str) and value else None


def _read_licensor(document: Document) -> Toml | None:
    stated = document.get("licensor")
    if isinstance(stated, list):
        return [_person(it, "affiliation", "memberOf") for it in stated] or None
    return _person(stated, "affiliation", "memberOf") if stated else None


def _write_licensor(value: Toml, _: Document) -> Toml | None:
    if isinstance(value, list):
        return [_named(it) for it in value] or None
    return _named(value) if value else None


def _person(value: Toml, key: str, name: str) -> Toml:
    """Return a person with one key called otherwise; one with a name alone is that."""
    if not isinstance(value, dict):
        return value
    if value.keys() == {"name"} and isinstance(value["name"], str):
        return value["name"]
    if name in value:
        return value
    return {name if it == key else it: field for it, field in value.items()}


def _named(value: Toml) -> Toml:
    if isinstance(value, str):
        return {"name": value}
    return _person(value, "memberOf", "affiliation")


RULES: Final = (
    _text("name", "title"),
    _Rule("repo", ("documentation-home", "project-link"), _read_repo, _as_text),
    _text("version", "version"),
    _Rule("license", ("license",), _read_licence, _write_licence),
    _Rule("licensor", ("licensor",), _read_licensor, _write_licensor),
    _Rule(
        "function",
        ("description", "intended-use", "keywords"),
        _read_function,
        _as_text,
    ),
    _path("documentation-language", "documentation-language"),
    _path("image", "image"),
    _path("release", "archive-download"),
    _path("bom", "bom"),
    _Rule("fork-of", ("derivative-of", "variant-of"), _read_fork, _write_fork),
    _files("source", "design-files"),
    _files("export", "manufacturing-files"),
    _files("manufacturing-instructions", "making-instructions"),
    _files("user-manual", "operating-instructions"),
)
"""One model: each LOSH key that v1 has words for."""
NAMES: Final = frozenset(name for rule in RULES for name in rule.names)
"""The v1 keys that some rule reads."""
