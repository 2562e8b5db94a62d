"""Reason codes made into sentences: the only place where fabnet speaks to people.

A *line* of a story says what happened; a *reason* is a clause that says why not, and
stands after a colon or, with a capital, by itself. The rooms below know only codes and
arguments; the arguments' names carry their units, and say how they are shown.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from fabnet.node.web.words.doubts import DOUBTS, TO_DO
from fabnet.node.web.words.duties import ACTORS, ACTS, DUTIES, FACTS
from fabnet.node.web.words.lines import LINES
from fabnet.node.web.words.marking import _
from fabnet.node.web.words.reasons import BARE, REASONS
from fabnet.node.web.words.whys import NEEDS, RUNNER_UP, TERMS

Args = Mapping[str, str | int]

LANGUAGES: Final = ("en",)
"""Languages with a catalogue beside this file; English stands in the code."""
_LOCALE: Final = Path(__file__).with_name("locale")
_MOMENTS: Final = frozenset(
    {"start_ms", "end_ms", "due_ms", "deadline_ms", "until_ms", "moment_ms"}
)
_NAME_CHARS_MAX: Final = 40
"""Letters of an id after which it is shortened; names of things are shorter."""
_PLACES: Final = re.compile(r"{(\w+)}")
_FIGURES: Final = re.compile(r"\b([0-9]{1,19}) (ms|s)\b")
_COST: Final = re.compile(r"([a-z-]+) ([0-9]{1,19} ms)")
_ID_PREFIXES: Final = ("bafkrei", "bafybei", "12D3Koo", "sha256:")


def sentence(code: str, args: Args, language: str = "en") -> str:
    """Return what a code and its arguments say; one that is unknown speaks as it is."""
    args = _by_term(args, language)
    if code in LINES:
        told = _filled(LINES[code], args, language)
        if code == "placed" and "next_machine" in args:
            told += " " + _filled(RUNNER_UP, args, language)
        return told
    clause = reason(code, args, language)
    return clause[:1].upper() + clause[1:] + "."


def reason(code: str, args: Args, language: str = "en") -> str:
    """Return why not, as a clause without a full stop."""
    args = _by_term(args, language)
    clause = _clause(code, args)
    if clause is not None:
        return _filled(clause, args, language)
    told = ", ".join(f"{name} {_shown(name, value)}" for name, value in args.items())
    spoken = code.replace("-", " ")
    return f"{spoken} ({told})" if told else spoken


def doubt_told(kind: str, args: Args, language: str = "en") -> tuple[str, str]:
    """Return what is in doubt, and what a person does about it: two texts."""
    return _filled(DOUBTS[kind], args, language), _filled(TO_DO[kind], args, language)


def duty(code: str, into: str = "", language: str = "en") -> str:
    """Return what a licence asks in return, as a sentence."""
    text = DUTIES.get(code)
    return (
        title(code.lower()) if text is None else _filled(text, {"into": into}, language)
    )


def act(code: str, language: str = "en") -> str:
    """Return what somebody may do, as a phrase."""
    return _filled(ACTS[code], {}, language)


def actor(code: str, language: str = "en") -> str:
    """Return a kind of actor as people call it."""
    return _filled(ACTORS[code], {}, language)


def condition(asked: str, language: str = "en") -> str:
    """Return what must be signed, from a fact or from `any:a|b+c`: a, or b and c."""
    ways = [way.split("+") for way in asked.removeprefix("any:").split("|")]
    told = [[_filled(FACTS[fact], {}, language) for fact in way] for way in ways]
    both, either = (
        _filled(text, {}, language) for text in (_(" and "), _("; or else "))
    )
    return either.join(both.join(way) for way in told)


def term(code: str, language: str = "en") -> str:
    """Return one part of a cost as people call it."""
    return _filled(TERMS[code], {}, language) if code in TERMS else code


def need(code: str, language: str = "en") -> str:
    """Return what a request is for, as people call it."""
    return _filled(NEEDS[code], {}, language) if code in NEEDS else code


def title(code: str) -> str:
    """Return a reason code as words that are the same every time."""
    spoken = code.replace("-", " ")
    return spoken[:1].upper() + spoken[1:]


def moment(moment_ms: int) -> str:
    """Return a moment as people write it, to the minute, in UTC."""
    return f"{datetime.fromtimestamp(moment_ms // 1_000, UTC):%Y-%m-%d %H:%M} UTC"


def span(seconds: int) -> str:
    """Return a length of time in its two largest units."""
    if seconds < 60:
        return f"{seconds} s"
    minutes, second = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {second} s" if second else f"{minutes} min"
    hours, minute = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minute} min" if minute else f"{hours} h"
    days, hour = divmod(hours, 24)
    return f"{days} d {hour} h" if hour else f"{days} d"


def short(name: str) -> str:
    """Return an id by the letters that tell it apart, and any other name whole."""
    if len(name) > _NAME_CHARS_MAX and name.startswith(_ID_PREFIXES):
        return f"{name[:7]}…{name[-6:]}" if name.startswith("12D3") else name[:15] + "…"
    return name


def figure(name: str, value: str | int) -> str:
    """Return a value as people read it; its name ends with the unit."""
    return _shown(name, value)


def _by_term(args: Args, language: str) -> Args:
    """Return arguments in which what costs are of stands apart, as `term`."""
    found: dict[str, str | int] = {}
    for name, value in args.items():
        cost = _COST.fullmatch(value) if isinstance(value, str) else None
        if cost is not None and cost[1] in TERMS:
            found |= {"term": term(cost[1], language), name: cost[2]}
    return {**args, **found} if found else args


class _Shown(dict[str, str]):
    """Arguments as they are shown; one that is not there does no harm."""

    def __missing__(self, key: str) -> str:
        return f"[{key}]"


def _clause(code: str, args: Args) -> str | None:
    """Return the clause of a code whose figures are all there, else the bare one."""
    for prefix in ("misfit-", "licence-review-", "licence-"):
        if code not in REASONS:
            code = code.removeprefix(prefix)
    clause = REASONS.get(code)
    if clause is not None and args.keys() >= set(_PLACES.findall(clause)):
        return clause
    return BARE.get(code)


def _filled(text: str, args: Args, language: str) -> str:
    shown = _Shown({name: _shown(name, value) for name, value in args.items()})
    if "reason" in args:
        shown["reason"] = _because(str(args["reason"]), args, language)
    return _catalogue(language).gettext(text).format_map(shown)


def _because(code: str, args: Args, language: str) -> str:
    """Return a reason that stands in a line, told from the line's own arguments."""
    clause, detail = _clause(code, args), args.get("detail")
    if clause is None:
        spoken = code.replace("-", " ")
        return f"{spoken}, {detail}" if detail else spoken
    inner = {name: args[name] for name in args if name != "reason"}
    spoken = _filled(clause, inner, language)
    if clause is not BARE.get(code) or not detail:
        return spoken
    return f"{spoken}: “{str(detail).removeprefix('why=')}”"


def _shown(name: str, value: str | int) -> str:
    if isinstance(value, str):
        return _FIGURES.sub(_figure, short(value))
    if name in _MOMENTS:
        return moment(value)
    show = _UNITS.get(name) or _UNITS.get(name.rpartition("_")[2])
    return str(value) if show is None else show(value)


def _figure(found: re.Match[str]) -> str:
    """Show seconds or milliseconds within a text as people would."""
    return span(int(found[1]) // (1_000 if found[2] == "ms" else 1))


def _distance(metres: int) -> str:
    return f"{metres / 1_000:,.0f} km" if metres >= 10_000 else f"{metres:,} m"


_UNITS: Final[dict[str, Callable[[int], str]]] = {
    "minutes": lambda minutes: span(minutes * 60),
    "ms": lambda milliseconds: span(milliseconds // 1_000),
    "s": span,
    "m": _distance,
    "um": lambda micrometres: f"{micrometres / 1_000:g} mm",
    "mg": lambda milligrams: f"{milligrams / 1_000:,.1f} g",
    "wh": lambda watt_hours: f"{watt_hours:,} Wh",
    "permille": lambda permille: f"{permille / 10:g} %",
    "permyriad": lambda permyriad: f"{permyriad / 100:g} %",
}
"""How a number is shown, by the unit in its argument's name."""


@lru_cache(maxsize=8)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("fabnet", _LOCALE, languages=[language], fallback=True)
