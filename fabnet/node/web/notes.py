"""What is said of a manifest that was read: each code of its report as a sentence."""

from __future__ import annotations

from typing import Final

from fabnet.designs.okh.report import Note


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


NOTES: Final = {
    # Changed, and means the same.
    "empty-dropped": _("it has no value, and is left out"),
    "key-respelled": _("was spelt {was}"),
    "kept-as-text": _("{was} is kept as text"),
    "level-read-as": _("“{was}” is {read}"),
    "licence-alias": _("“{licence}” is {read}"),
    "licence-licenseref-dropped": _("“{licence}” is {read}"),
    "licence-respelled": _("“{licence}” is written {read}"),
    "list-as-text": _("the list says one thing, and is now that"),
    "mass-read": _("“{was}” is {mass}"),
    "number-as-text": _("the version {was} is kept as it was written"),
    "okhv-read-as": _("{was} is read as {read}"),
    "read-as": _("read from {was}"),
    "size-read": _("“{was}” is {size} (width × depth × height)"),
    "table-as-list": _("one part stood there as a table, and is now a list of one"),
    "unit-converted": _("converted from {was} to {unit}"),
    # Kept as it is; a person should look.
    "leads-outside": _("{was} leads out of the design’s folder"),
    "licence-ambiguous": _("“{licence}” may mean several licences"),
    "licence-conflict": _("“{licence}” names licences that contradict each other"),
    "licence-malformed": _("“{licence}” cannot be read as a licence"),
    "licence-no-licence": _("“{licence}” grants nothing"),
    "licence-not-a-licence": _("“{licence}” is no licence that is known here"),
    "licence-not-open": _("{licence} is not open: it forbids selling or changing"),
    "licence-odd-letters": _("“{licence}” holds a letter that no licence has"),
    "licence-of-documentation": _(
        "only the documentation’s licence is stated; it is taken for the whole"
    ),
    "licence-several": _("“{licence}” names several, and not whether all or one holds"),
    "licence-too-long": _("the licence is too long to be one"),
    "licence-too-nested": _("the licence has too many parentheses"),
    "licence-unknown": _("the terms of “{licence}” are not known here"),
    "licences-differ": _("{read}: it is not said whether all of them hold or one"),
    "near-known-key": _("no such key; was {near} meant?"),
    "no-process": _("no process is stated, so nothing here can be made by request"),
    "not-an-address": _("“{was}” is no web address"),
    "not-read": _("“{was}” cannot be read"),
    "not-stated": _("is not stated"),
    "outside-vocabulary": _("“{was}” is no level of the standard"),
    "outside-vocabulary-near": _("“{was}” is no level of the standard; {near} is"),
    "part-without-process": _("no process is stated for “{part}”"),
    "placeholder": _("“{was}” stands where something should be said"),
    "report-cut": _("{notes} more notes are left out"),
    "unclosed-parenthesis": _("“{was}” lacks its last parenthesis"),
    "unit-not-stated": _("no unit is stated; {unit} is the standard’s"),
    "unknown-key": _("no such key; it is kept"),
    "unknown-process": _("the process {was} is not known here"),
    # Missing or wrong.
    "missing": _("is required by OKH"),
    "not-tables": _("expected a list of tables"),
    "own-table-wrong": _("{detail}"),
    "says-nothing": _("“{was}” says nothing; OKH requires a text"),
    "unknown-edition": _("{was} is no version of OKH that is known here ({known})"),
}
"""What a note says, by its code: a clause that stands after the key."""


def note_text(note: Note) -> str:
    """Return what a note says, after the key that it is about."""
    args = dict(note.args)
    code = f"{note.code}-near" if {"was", "near"} <= args.keys() else note.code
    clause = NOTES.get(code) or NOTES.get(note.code)
    said = note.code.replace("-", " ") if clause is None else clause.format_map(args)
    return f"{note.key}: {said}" if note.key else said
