"""The lines of a story: what happened, as whole sentences, by code."""

from __future__ import annotations

from typing import Final

from fabnet.node.web.words.doubts import DOUBT_LINES
from fabnet.node.web.words.marking import _
from fabnet.node.web.words.whys import WHYS

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
    "maker-forked": _(
        "Not confirmed: it is proven that the facility’s node signed two different "
        "things at one place of its log."
    ),
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
    "piece-held": _("The machine has piece {piece} in hand still; the lot goes on."),
    "piece-unbegun": _("The machine never began piece {piece}; the lot goes on."),
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
    "held-back": _(
        "Nothing leaves this node until one or two of {peers} peers confirm it."
    ),
    "released": _("Peers that know of nothing newer: {confirmed}. It speaks again."),
    "not-the-newest": _(
        "A peer showed record {seq} of incarnation {counter}, which is not here: this "
        "database was brought back."
    ),
    "message-of-unknown-lot": _(
        "{peer} spoke of lot {epoch}, which is not known here."
    ),
    "published": _("Published: {kind}."),
    "unreadable": _("Something of the kind {kind} could not be read: {why}."),
    "author-forked": _(
        "It is proven that this node signed two different things at place {seq} of its "
        "log (database {counter}). Nothing from there on counts, and nothing new is "
        "begun with it."
    ),
    "document-not-held": _(
        "{peer} carried a signed document that rests on a charter which is not here; "
        "too many wait already, so it must be carried again."
    ),
    "log-full": _(
        "The log of this node is full: from place {seq} on nothing of it is kept. "
        "More than {most} bytes are kept of nobody."
    ),
    "without-body": _(
        "This record came without its body, and counts for nothing until somebody "
        "brings it ({kind})."
    ),
    "checkpoint-true": _(
        "Its checkpoint at place {seq} is true: the quota of its log counts from there."
    ),
    "checkpoint-false": _(
        "Its checkpoint at place {seq} is not what its log comes to, and frees nothing."
    ),
    "body-pruned": _("The body of this record was deleted here, as {why} ({kind})."),
    "grant-contested": _("A grant is under dispute, or a dispute was taken back."),
    "lot-waits-disputed": _(
        "Lot {epoch} waits: its licence grant is disputed by {by} ({why})."
    ),
    "lot-waits-disk": _(
        "Lot {epoch} waits: the disk of its node is full, and no piece is begun."
    ),
    **DOUBT_LINES,
    **WHYS,
}
"""What happened, by code: whole sentences."""
