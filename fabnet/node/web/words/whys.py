"""Why a machine, why not another, and what would change it: the words for each code.

Of the planner’s codes; `sentences` speaks them. Costs are waiting, never money.
"""

from __future__ import annotations

from typing import Final

from fabnet.node.web.words.marking import _

TERMS: Final = {
    "lateness": _("being late"),
    "waiting": _("waiting"),
    "distance": _("the way"),
    "carbon": _("the climate"),
    "own-first": _("leaving the cooperative"),
}
"""What a cost is made of, in the planner's order."""

NEEDS: Final = {
    "life-and-health": _("life and health"),
    "shelter-and-food": _("shelter and food"),
    "care-and-learning": _("care and learning"),
    "livelihood": _("livelihood"),
    "other": _("other"),
}
"""What a request may be for."""

NOT_CHOSEN: Final = {
    "process": _("it does {limit}, and {wanted} is needed"),
    "material": _("it works {limit}, and {wanted} is needed"),
    "size": _("the piece needs {wanted}, and the machine takes {limit}"),
    "tolerance": _("the piece needs {wanted}, and the machine holds {limit}"),
    "thickness": _("the sheet is {wanted} thick, and the machine takes {limit}"),
    "nozzle": _("the piece needs a nozzle of {wanted}, and there is {limit}"),
    "skill": _("it takes the skill {wanted}, and there is {limit}"),
    "stranger": _("it is open to {limit}, and this would come from {wanted}"),
    "offline": _("it is offline"),
    "drained": _("it takes no new work"),
    "in-doubt": _("nobody knows what lies on its bench"),
    "refused": _("it said no to this before"),
    "too-far": _("it is {limit} away, and {wanted} is the most"),
    "busy": _("it is busy: {wanted} are needed, and {limit} are free in one piece"),
    "closed": _("{wanted} are needed, and it is free for {limit} in one piece"),
    "after-deadline": _("it would be ready in {limit}, the deadline is in {wanted}"),
    "taken": _("the more urgent job {limit} takes it"),
    "costlier": _(
        "it comes after the other; {term} counts like {limit} of waiting, against "
        "{wanted}"
    ),
    "no-machine": _("no machine is on offer"),
    "plan-forgotten": _("no plan of it is remembered here; its story tells the rest"),
    "planned-elsewhere": _("it was planned by the node that asked for it"),
}
"""Why a machine was not chosen: clauses without a full stop."""

NONE_CHOSEN: Final = {
    "process": _("none does that process"),
    "material": _("none works that material"),
    "size": _("the piece is too large for them"),
    "tolerance": _("none is accurate enough"),
    "thickness": _("the sheet is too thick for them"),
    "nozzle": _("none has the right nozzle"),
    "skill": _("nobody there has the skill"),
    "stranger": _("those that could are not open to us"),
    "too-far": _("those that could are too far away"),
    "refused": _("those that could have said no"),
    "busy": _("those that could are busy"),
    "closed": _("none is free for so long"),
    "after-deadline": _("none would be ready in time"),
    "taken": _("more urgent requests take those that could"),
}
"""The same without its figures, of all machines together."""

RUNNER_UP: Final = _(
    "The next best was {next_machine} at {next_facility}; {term} counts like "
    "{next_limit} of waiting there, against {next_wanted} here."
)
"""What a placement says of the machine that came second, where there was one."""

WHYS: Final = {
    # In a story.
    "placed": _(
        "Placed: {pieces} × {part} on {machine} at {facility}, {distance_m} away, "
        "from {start_ms} to {end_ms}."
    ),
    "not-chosen": _("{machine} at {facility} was not chosen: {reason}."),
    "plan-best": _("No plan that makes the same could have cost less."),
    "plan-proven": _(
        "No plan that makes the same could have cost more than {gap_permyriad} less."
    ),
    "unplaced": _("No machine can make “{part}” now: {reason}."),
    "plan-stale": _("The offer of {machine} had changed meanwhile; planning again."),
    # In an explanation.
    "why-placed": _(
        "{pieces} × {part} on {machine} at {facility}, {distance_m} away, ready "
        "{end_ms}; all told, that counts like {cost_ms} of waiting."
    ),
    "why-unplaced": _("{pieces} × {part}: no machine can make it now; {reason}."),
    "why-runner-up": _(
        "The next best is {machine} at {facility}, ready {end_ms}. It counts like "
        "{more_ms} more, most of all for {term}: {there_ms} there, {here_ms} here."
    ),
    "why-alone": _("No other machine would do."),
    "why-chosen": _("{machine} at {facility} is the one that was chosen."),
    "why-would-do": _("{machine} at {facility} would do, ready {end_ms}."),
    "why-opens": _("It is closed until {start_ms}."),
    "why-price": _("To others in this plan its time is worth {price_ms} of waiting."),
    "change-due": _(
        "If it were due {due_ms}, {machine} at {facility} would make it, ready "
        "{end_ms}."
    ),
    "change-deadline": _(
        "If the deadline were {deadline_ms}, {machine} at {facility} would make it, "
        "ready {end_ms}."
    ),
    "change-radius": _(
        "If it might be {radius_m} away, {machine} at {facility} would make it, ready "
        "{end_ms}."
    ),
    "change-material": _(
        "If it might be of {material}, {machine} at {facility} would make it, ready "
        "{end_ms}."
    ),
    "change-need": _(
        "If it were for {need}, {machine} at {facility} would make it, ready {end_ms}."
    ),
    "change-none": _(
        "Nothing that could be asked otherwise, one thing at a time, would change it."
    ),
    "change-untried": _("Possible changes that were not tried: {untried}."),
    "barred-unvouched": _(
        "{machine} at {facility} could make it, if somebody trusted here vouched for "
        "its cooperative."
    ),
    "barred-not-open": _(
        "{machine} at {facility} could make it, if it were open to this cooperative."
    ),
    "barred-refused": _(
        "{machine} at {facility} could make it, but said no to this before; a newer "
        "offer of it is asked again."
    ),
    "barred-and-chosen": _("It would then be chosen."),
    "certificate": _(
        "No plan that makes the same over these offers can cost more than "
        "{gap_permyriad} less."
    ),
    "certificate-best": _(
        "No plan that makes the same over these offers can cost less."
    ),
    "certificate-none": _(
        "Requests were placed one by one; nothing proves how near that is to the best."
    ),
}
"""What a plan is told in, by code: whole sentences."""
