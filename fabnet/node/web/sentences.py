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

from fabnet.node.web.commons import COMMONS
from fabnet.node.web.duties import ACTORS, ACTS, DESCENT, DUTIES, FACTS, READING
from fabnet.node.web.whys import (
    NEEDS,
    NONE_CHOSEN,
    NOT_CHOSEN,
    RUNNER_UP,
    TERMS,
    WHYS,
)

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


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


LINES: Final = {
    "wrong-field": _("{field}: {expected}."),
    # The requester's side.
    "request-filed": _("The request was filed: {pieces} pieces, for {need}."),
    "design-verified": _(
        "The design “{title}” is here, and every file of it is verified."
    ),
    "design-missing": _("The design could not be fetched yet: {why}."),
    "leased": _(
        "Lot {epoch}: the facility holds the machine, and the lot is confirmed."
    ),
    "lease-unanswered": _("Lot {epoch}: the facility did not answer; planning again."),
    "receipt": _(
        "Lot {epoch}: {good} good so far, {scrap} scrap, {in_doubt} in doubt."
    ),
    "final": _("Lot {epoch} is over: {good} good, {scrap} scrap ({reason})."),
    "lot-closed": _(
        "Lot {epoch}: the facility’s account came: {good} good, {minutes} claimed."
    ),
    "accepted": _("Lot {epoch}: {good} pieces were accepted and {minutes} credited."),
    "fulfilled": _("The request is fulfilled."),
    "cancelled": _("The request was cancelled."),
    "expired": _("The request has expired."),
    "deadline-passed": _("The deadline has passed."),
    "refused": _("Refused: {reason}."),
    "no-sealing-key": _("The facility’s sealing key is not known: {maker}."),
    "licence-not-accepted": _(
        "Lot {epoch}: the facility’s licence acceptance does not hold: {why}."
    ),
    # The facility's side.
    "lease-requested": _("Lot {epoch} was asked of {machine}: {pieces} × {part}."),
    "lease-held": _(
        "Lot {epoch} is held under {licence}, and under version {policy} of our policy."
    ),
    "confirmed": _("Lot {epoch} is confirmed."),
    "started": _("Lot {epoch}: {machine} has begun."),
    "progress": _("Lot {epoch}: piece {piece} is {permille} done."),
    "piece-made": _("Lot {epoch}: piece {piece} is good, {good} of {of}."),
    "piece-scrapped": _(
        "Lot {epoch}: piece {piece} is scrap, {good} of {of} are good."
    ),
    "piece-of-no-intent": _("A machine spoke of piece {piece}, which was not begun."),
    "in-doubt": _(
        "Lot {epoch}: nobody knows what lies on the bench; a person must look."
    ),
    "bench-counted": _(
        "Lot {epoch}: someone looked at the bench, {good} are good and {scrap} scrap."
    ),
    "ended": _("Lot {epoch} has ended: {good} good, {scrap} scrap ({reason})."),
    "machine-seen": _("{name} is known."),
    # How two revisions of a design differ.
    "design-changed": _("The {field} was {was}, and is {now}."),
    "file-added": _("The file {name} was added."),
    "file-removed": _("The file {name} was removed."),
    "file-changed": _("The file {name}: its {field} was {was}, and is {now}."),
    "file-moved": _("The file {was} is now {now}."),
    "part-added": _("The part “{name}” was added."),
    "part-removed": _("The part “{name}” was removed."),
    "part-changed": _("The part “{name}”: its {field} was {was}, and is {now}."),
    "rightsholder-added": _("A rightsholder was added: {name}."),
    "rightsholder-removed": _("A rightsholder was removed: {name}."),
    "rightsholder-changed": _("The rightsholder {name} was {was}, and is {now}."),
    "parent-added": _("It follows {name} now."),
    "parent-removed": _("It does not follow {name} any more."),
    "origin-added": _("It draws on {name} now."),
    "origin-removed": _("It does not draw on {name} any more."),
    "origin-changed": _("It draws on {name} as {field}: {was}, and now {now}."),
    # What a bill of materials says oddly.
    "bom-no-name": _("{file}, row {row}: nothing stands under {column}."),
    "bom-no-amount": _("{file}, row {row}: no quantity stands under {column}."),
    "bom-amount-not-read": _("{file}, row {row}: {column} cannot be read: {was}."),
    "bom-not-a-table": _("{file} is no table that can be read here."),
    "bom-not-here": _("{file} is not here yet."),
    "bom-not-read": _("{file} cannot be read: {why}."),
    "bom-counts-differ": _(
        "Row {row}: the list says {stated} × {name}, the design {described}."
    ),
    "bom-part-not-described": _(
        "Row {row}: {name} is to be made, and the design does not say how."
    ),
    "bom-made-and-bought": _(
        "Row {row}: the list says to buy {name}, and the design how to make it."
    ),
    # A design.
    "withdrawn": _("Withdrawn by {signed_by} ({severity}): “{why}”."),
    "withdrawal-not-counted": _(
        "{peer} carried a withdrawal that does not count: {reason}."
    ),
    # What peers do.
    "ignored": _("A message changed nothing ({kind}: {reason})."),
    "message-of-unknown-lot": _(
        "{peer} spoke of lot {epoch}, which is not known here."
    ),
    "published": _("Published: {kind}."),
    "unreadable": _("Something of the kind {kind} could not be read: {why}."),
    "fork": _("Two different records stand at place {seq} of this log."),
    "grant-contested": _("A grant is under dispute, or a dispute was taken back."),
    "lot-waits-disputed": _(
        "Lot {epoch} waits: its licence grant is disputed by {by} ({why})."
    ),
    "broken-chain": _("Record {record} does not follow its log at place {seq}."),
    **WHYS,
}
"""What happened, by code: whole sentences."""

REASONS: Final = {
    # How things stand with the caller.
    "not-found": _("there is no {what} called {name}"),
    "ambiguous": _("{name} may mean several; more letters are needed"),
    "no-such-page": _("there is nothing at this address"),
    "wrong-method": _("this address answers only {allowed}"),
    "no-token": _("a bearer token is needed"),
    "unknown-token": _("the bearer token is not one of this node’s"),
    "wrong-role": _("this takes the role {needed}, and {name} is {role}"),
    "wrong-one-time-token": _("the one-time token is wrong, or was used"),
    "name-taken": _("there is a token for {name} already"),
    "too-many-tokens": _("there are {most} tokens already, the most that are kept"),
    "foreign-host": _("this listener does not answer for {host}"),
    "foreign-origin": _("this page may not write here: {origin}"),
    "encoded-body": _("the body must come as it is, without Content-Encoding"),
    "wrong-media-type": _("the body must be {expected}"),
    "too-long": _("the body may have {most_bytes} bytes at most"),
    "too-slow": _("the body took longer than {seconds} s"),
    "not-authentic": _("the document does not hold: {why}"),
    "blob-missing": _("the file {path} must be uploaded first: {cid}"),
    "letters-not-in-font": _(
        "the PDF’s font has no {letters}; the SVG shows every letter"
    ),
    "not-leased": _(
        "lot {epoch} is not leased, so there are no terms to make it under"
    ),
    "not-fetched": _("the design’s files are not here yet"),
    "out-of-order": _("this is not possible now"),
    "internal": _("something went wrong here; the log says what"),
    # Why something was not asked for, leased or made.
    "due-in-the-past": _("the due time {due_ms} has passed"),
    "deadline-before-due": _("the deadline is before the due time"),
    "too-many-jobs": _("there are {most} open jobs, the most that are kept"),
    "too-many-pieces": _("policy allows {most} pieces in one request"),
    "no-policy": _("the cooperative has enacted no policy yet"),
    "no-such-open-job": _("no such job is open"),
    "no-closed-lot": _("lot {epoch} is not closed"),
    "no-lot-closed": _("the facility’s account of lot {epoch} is not here yet"),
    "already-accepted": _("lot {epoch} was accepted before"),
    "more-than-claimed": _("the facility claims {claimed} min of {kind}, no more"),
    "nothing-logged": _("nothing was written"),
    "no-accepted-material": _("the design needs {needed}, and none of it is accepted"),
    "no-such-part": _("the design has no part called {part}"),
    "no-valid-grant": _("no valid licence grant is known for the design"),
    "design-withdrawn": _("the design was recalled: “{why}”"),
    "machine-not-usable": _("the machine is {state}"),
    "not-open-to": _("the facility is not open to {standing}"),
    "stale-offer": _("the offer had changed meanwhile"),
    "window-taken": _("the window was taken meanwhile"),
    "window-too-short": _("the window is too short; it needs {needs_s}"),
    "no-source-location": _("{licence} needs a place where the source can be had"),
    "no-such-machine": _("there is no machine {machine} here"),
    "too-many-lots": _("there are {most} lots here, the most that are kept"),
    "not-your-cooperative": _("the asking node does not speak for its cooperative"),
    "design-missing": _("the design cannot be had"),
    "no-lot-in-doubt": _("no piece of lot {epoch} is in doubt"),
    "no-piece-open": _("no piece is open at {machine}"),
    "unanswered": _("there was no answer within {seconds} s; it may still be done"),
    "empty-body": _("the body is empty"),
    "no-such-design": _("no design {revision} is known here"),
    "wrong-request": _("the request is not sound: {why}"),
    # Licences and grants.
    "forbids": _("{licence} forbids it (clause {clause})"),
    "unclear": _(
        "{licence} is not clear on it (clause {clause}); a person must read it"
    ),
    "fact-not-signed": _("{licence} asks for {facts}, and no federation signed that"),
    "unknown": _("the terms of {licence} are not known here"),
    "unknown-act": _("nothing is known of the act {act}"),
    "unknown-actor": _("nothing is known of actors of the type {actor}"),
    "malformed": _("the licence expression cannot be read near {near}"),
    "odd-letters": _("the licence expression holds an odd letter, {letter}"),
    "too-nested": _("the licence expression nests deeper than {most}"),
    "grant-for-another-revision": _("the grant is for another revision, {revision}"),
    "rightsholders-differ": _("the grant names other rightsholders than the design"),
    "withdrawal-of-another-revision": _("it withdraws another revision, {revision}"),
    "rightsholders-missing": _("{signed} rightsholders signed, and {quorum} must"),
    "disputed": _(
        "its licence grant is disputed by {by} ({why}); a person must decide"
    ),
    "dispute-of-another-revision": _("the dispute is not about {revision}"),
    "dispute-quorum-not-met": _("the dispute needs {needed} of the stewards"),
    "not-a-rightsholder": _("only rightsholders and cooperatives may dispute a grant"),
    "cooperative-not-vouched": _("nobody trusted here vouches for {charter}"),
    "no-such-grant": _("the design has no valid grant {grant}"),
    "no-such-dispute": _("no dispute {dispute} stands"),
    "signed-elsewhere": _("only the node that signed it can say it so: {issuer}"),
    "licence-text-unknown": _("the text of {licence} is not known here"),
    "licence-text-missing": _("the grant does not cite the text of {licence}"),
    "licence-text-differs": _("the grant cites another text of {licence}"),
    "grants-nothing": _("{licence} grants nothing"),
    "source-location-missing": _("{licence} needs a source location (clause {clause})"),
    "licence-not-understood": _("the licence cannot be read: {licence}"),
    "manifest-incomplete": _("the manifest does not say: {keys}"),
    "source-missing": _("{licence} needs a source file (clause {clause})"),
    "tolerance-not-understood": _("{part}: the tolerance class {class} is not known"),
    "size-unknown": _("{part}: neither a mesh nor outer dimensions tell its size"),
    "several-processes": _("{part}: several processes in one part: {tsdc}"),
    "mesh-not-closed": _("{part}: the mesh {path} is not closed"),
    # What follows what, and what a whole unit takes.
    "parents-of-two-lineages": _("its parents are of two designs, {lineage}, {other}"),
    "too-many-parents": _("it may follow {most} revisions at most"),
    "design-not-held": _("the design {revision}, which is a part of it, is not here"),
    "too-many-parts": _("it comes to more than {most} parts; ask for fewer at a time"),
    "too-many-of-a-part": _("{pieces} × {part}; {most} are the most in one request"),
    "designs-too-deep": _("designs lie within designs more than {most} deep"),
    "makes-nothing": _("the design says how to make none of its parts"),
    "drawing-not-closed": _("{part}: no line of the drawing {path} closes"),
    "thickness-unknown": _(
        "{part}: neither thickness-mm nor outer dimensions tell how thick a sheet "
        "{path} is cut from"
    ),
    # Charters, memberships and policies.
    "charter-unknown": _("the charter {charter} is not known here"),
    "charter-unreadable": _("a signed document cannot be read"),
    "another-charter": _("the document is of another charter, {charter}"),
    "charter-not-newer": _("version {version} of the charter is not newer"),
    "charter-version-missing": _("version {version} of the charter must come first"),
    "charter-quorum-not-met": _("version {version} needs {needed} of its stewards"),
    "quorum-beyond-stewards": _("a quorum is larger than the {stewards} stewards"),
    "actor-kind-changed": _("a charter stays what it was: a {was}"),
    "not-confirmed": _("lot {epoch} of {job} is not confirmed yet"),
    "unreadable-handover": _("what {peer} sealed for the hand-over does not open"),
    "node-not-in-charter": _("the cooperative's charter does not name this node"),
    "node-revoked": _("the charter names a node that it revokes, {node}"),
    "node-dropped-without-cut": _("a node left out must be revoked, {node}"),
    "too-many-charters": _("there are {most} charters, the most that are kept"),
    "not-a-federation": _("the charter {charter} is no federation’s"),
    "another-federation": _("the membership is of another federation, {federation}"),
    "membership-quorum-not-met": _("the membership needs {needed} of the stewards"),
    "federation-not-trusted": _("the federation {federation} is not trusted here"),
    "policy-quorum-not-met": _("the policy needs {needed} of the stewards"),
    "policy-not-newer": _("version {version} of the policy is not newer"),
    # Why a message changed nothing.
    "duplicate": _("it was said before"),
    "contradiction": _("it contradicts what was said before"),
    "not-the-maker": _("only the maker may say it"),
    "not-the-requester": _("only the requester may say it"),
    "another-incarnation": _("it came from another database of the same node"),
    "more-than-asked": _("it claims more pieces than were asked for"),
    # How a lot ended.
    "made": _("all were made"),
    "cancelled": _("it was cancelled"),
    "hold-expired": _("the hold expired before it was confirmed"),
    "start-missed": _("the machine did not begin in time"),
    "too-much-scrap": _("there was too much scrap"),
    **DESCENT,
    **NOT_CHOSEN,
    **READING,
    **COMMONS,
}
"""Why not, by code: a clause without a full stop."""

BARE: Final = {
    "design-withdrawn": _("the design was recalled"),
    **NONE_CHOSEN,
}
"""The same without its figures, of all machines together."""


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
