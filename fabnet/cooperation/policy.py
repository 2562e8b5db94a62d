"""A policy: the rules a cooperative voted, as signed numbers that every decision cites.

People write it as a file that names only what they change; what they leave out keeps
its default. What is signed is always whole, so that no default can change it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Final, Literal

import msgspec

from fabnet.cooperation.charter import Charter, named_in
from fabnet.errors import InputError, MalformedError
from fabnet.production.plan import Weights
from fabnet.production.request import PIECES_MAX, NeedCode
from fabnet.records.body import Body
from fabnet.records.credential import Json, open_credential, quorum_met
from fabnet.records.ids import (
    CharterId,
    CharterIdText,
    Count,
    DocumentId,
)
from fabnet.records.record import BODY_BYTES_MAX
from fabnet.records.refusal import Refusal

KIND: Final = "policy/1"
DOCUMENT_KIND: Final = "FabnetPolicy"
ROUND_S_MAX: Final = 120
"""Seconds of a round; a requester gives a lease-request up after 150."""
HOLD_S_MAX: Final = 86_400
"""Seconds that a machine is held without CONFIRM: a day of a workshop's time."""
START_BY_S_MAX: Final = 7 * 86_400
VERSION_MAX: Final = 100_000

Opening = Literal["members", "federation", "strangers"]
"""Who may ask for a machine here; our own members always may."""

_Permille = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_Minutes = Annotated[int, msgspec.Meta(ge=0, le=1_440)]


class PolicyBody(Body):
    """A policy as a record carries it."""

    document: Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]


class _NeedWeights(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"
):
    life_and_health: _Permille
    shelter_and_food: _Permille
    care_and_learning: _Permille
    livelihood: _Permille
    other: _Permille


class _Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    late_permille: _Permille
    distance_s_per_km: _Seconds
    co2_s_per_kg: _Seconds
    own_first_s: _Seconds


class _Minuted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    set_up: _Minutes
    quality_per_piece: Annotated[int, msgspec.Meta(ge=0, le=60)]


class _Ceilings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"
):
    energy_wh_per_month: Count | None
    mass_mg_per_month: Count | None


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    charter: CharterIdText
    version: Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)]
    need_weights: _NeedWeights
    round_s: Annotated[int, msgspec.Meta(ge=1, le=ROUND_S_MAX)]
    hold_s: Annotated[int, msgspec.Meta(ge=1, le=HOLD_S_MAX)]
    start_by_s: Annotated[int, msgspec.Meta(ge=0, le=START_BY_S_MAX)]
    weights: _Weights
    open_to: Annotated[tuple[Opening, ...], msgspec.Meta(max_length=3)]
    pieces_per_request_max: Annotated[int, msgspec.Meta(ge=1, le=PIECES_MAX)]
    pair_limit_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    minutes: _Minuted
    ceilings: _Ceilings


DEFAULTS: Final[dict[str, Json]] = {
    "needWeights": {
        "life-and-health": 4_000,
        "shelter-and-food": 2_500,
        "care-and-learning": 1_500,
        "livelihood": 1_200,
        "other": 1_000,
    },
    "roundS": 60,
    "holdS": 600,
    "startByS": 3_600,
    "weights": {
        "latePermille": 3_000,
        "distanceSPerKm": 60,
        "co2SPerKg": 1_800,
        "ownFirstS": 300,
    },
    "openTo": ["members", "federation"],
    "piecesPerRequestMax": 500,
    "pairLimitMinutes": 6_000,
    "minutes": {"setUp": 5, "qualityPerPiece": 1},
    "ceilings": {"energyWhPerMonth": None, "massMgPerMonth": None},
}
"""What a new cooperative begins with, and every key that a policy file may name."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a cooperative's rules, enacted. Made only by `open_policy`."""

    id: DocumentId
    charter: CharterId
    version: int
    need_weights: Mapping[NeedCode, int]
    """Permille, beside the others."""
    round_s: int
    """How long lease-requests are gathered before they are answered together."""
    hold_s: int
    """How long a lease waits for its CONFIRM."""
    start_by_s: int
    """How long after its window a confirmed lot may begin at the latest."""
    weights: Weights
    open_to: tuple[Opening, ...]
    pieces_per_request_max: int
    pair_limit_minutes: int
    """What another cooperative may owe us before we make no more for it."""
    set_up_minutes: int
    """Of people's work, once for each lot."""
    quality_minutes_per_piece: int
    energy_wh_per_month: int | None
    """The ceiling of a site; nil for none."""
    mass_mg_per_month: int | None

    def need_weight(self, code: NeedCode) -> int:
        """Return what a need is worth, in permille."""
        return self.need_weights[code]


def policy_subject(
    fields: Mapping[str, object], charter: CharterId, version: int
) -> dict[str, Json]:
    """Return the subject of a policy from what a person wrote, or raise InputError.

    `fields` is a TOML or JSON file as read; the error names the key and what was
    expected, and for a key we do not know the nearest that we do.
    """
    written = _over_defaults(fields, DEFAULTS, "")
    whole = {"charter": charter, "version": version, **written}
    try:
        msgspec.convert(whole, _Subject)
    except msgspec.ValidationError as error:
        raise _explained(error) from error
    subject: dict[str, Json] = msgspec.to_builtins(whole)
    return subject


def open_policy(raw: bytes, charter: Charter) -> Policy | Refusal:
    """Return the policy in `raw`, or why it is not in force.

    `charter` is the version that is held now. Bytes that are no authentic policy raise
    RemoteError.
    """
    credential = open_credential(raw, kind=DOCUMENT_KIND)
    try:
        subject = msgspec.convert(credential.subject, _Subject)
    except msgspec.ValidationError as error:
        raise MalformedError(f"policy: {error}") from error
    if subject.charter != charter.id:
        return Refusal("another-charter", (("charter", subject.charter),))
    if not quorum_met(credential, charter.steward_keys, charter.policy_quorum):
        return Refusal("policy-quorum-not-met", (("needed", charter.policy_quorum),))
    return _enacted(credential.id, subject)


def charter_of(raw: bytes) -> CharterId | None:
    """Return the charter that `raw` claims to be a policy of; nothing is verified."""
    return named_in(raw, "charter")


def _enacted(id_: DocumentId, subject: _Subject) -> Policy:
    needs = subject.need_weights
    weights = subject.weights
    return Policy(
        id=id_,
        charter=subject.charter,
        version=subject.version,
        need_weights={
            "life-and-health": needs.life_and_health,
            "shelter-and-food": needs.shelter_and_food,
            "care-and-learning": needs.care_and_learning,
            "livelihood": needs.livelihood,
            "other": needs.other,
        },
        round_s=subject.round_s,
        hold_s=subject.hold_s,
        start_by_s=subject.start_by_s,
        weights=Weights(
            late_permille=weights.late_permille,
            distance_s_per_km=weights.distance_s_per_km,
            co2_s_per_kg=weights.co2_s_per_kg,
            own_first_s=weights.own_first_s,
        ),
        open_to=subject.open_to,
        pieces_per_request_max=subject.pieces_per_request_max,
        pair_limit_minutes=subject.pair_limit_minutes,
        set_up_minutes=subject.minutes.set_up,
        quality_minutes_per_piece=subject.minutes.quality_per_piece,
        energy_wh_per_month=subject.ceilings.energy_wh_per_month,
        mass_mg_per_month=subject.ceilings.mass_mg_per_month,
    )


def _over_defaults(
    given: Mapping[str, object], defaults: Mapping[str, Json], path: str
) -> dict[str, object]:
    """Return the defaults with what was given in their place, key by known key."""
    for key in given:
        if key not in defaults:
            near = get_close_matches(str(key), defaults, n=1, cutoff=0)
            raise InputError(f"{path}{key}", f"no such key; the nearest is {near[0]}")
    merged: dict[str, object] = {}
    for key, default in defaults.items():
        value = given.get(key, default)
        if isinstance(default, dict):
            if not isinstance(value, Mapping):
                raise InputError(f"{path}{key}", "expected a table of keys")
            value = _over_defaults(value, default, f"{path}{key}.")
        merged[key] = value
    return merged


def _explained(error: msgspec.ValidationError) -> InputError:
    """Say which key was wrong, in the words of the file."""
    sentence, _, place = str(error).replace("`", "").partition(" - at ")
    field = place.removeprefix("$.").partition("[")[0]
    if field == "openTo":
        return InputError(field, "expected some of members, federation, strangers")
    return InputError(field, sentence[:1].lower() + sentence[1:])
