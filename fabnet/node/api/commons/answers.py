"""What callers get who search, compare and follow designs."""

from __future__ import annotations

from fabnet.node.api.answers import Answer, DesignAnswer, Designs


class FoundDesigns(Designs):
    """Designs that answer to what was asked, the best first."""

    count: int
    """How many answer in all."""
    more: str
    """To be handed back as `after`; empty when these are the last."""


class OriginAnswer(Answer):
    """Another design that a revision draws on."""

    cid: str
    title: str
    """Empty when it is not known here."""
    relation: str
    """`remix`, `variant` or `part`."""
    quantity: int


class MakerAnswer(Answer):
    """A cooperative whose finished lots of a design were accepted."""

    cooperative: str
    is_author: bool
    """Whether it is the one that published the design."""
    lots: int
    pieces: int
    witnessed_lots: int
    """Lots that another cooperative accepted."""


class MeasuredAnswer(Answer):
    """What one piece took, by the median of the lots that were accepted."""

    part: str
    lots: int
    piece_s: int
    """Of people and machines together."""
    piece_mg: int
    piece_wh: int


class DesignDetail(DesignAnswer):
    """A revision with where it comes from, and what came of it."""

    lineage: str
    """The first revision of the design; its own CID when it is the first."""
    parents: list[str]
    derived_from: list[OriginAnswer]
    drawn_on_by: list[str]
    """Known revisions that name it as an origin."""
    superseded_by: list[str]
    """Newer revisions signed by a quorum of its rightsholders."""
    forks: list[str]
    """Revisions that follow it on somebody else’s word."""
    newest: list[str]
    """The heads of its lineage."""
    made_by: list[MakerAnswer]
    made_independently_by: int
    """Cooperatives other than the author’s among them."""
    measured: list[MeasuredAnswer]


class MemberAnswer(Answer):
    """One revision of a lineage."""

    cid: str
    title: str
    version: str
    standing: str
    """`first`, `line`, `fork` or `unknown`."""
    parents: list[str]
    superseded_by: list[str]
    is_newest: bool


class AncestorAnswer(Answer):
    """One step back from a revision."""

    cid: str
    depth: int
    standing: str
    """`held`, `unknown` or `another-lineage`."""


class LineageAnswer(Answer):
    """All known revisions of one design, and what one of them follows."""

    lineage: str
    revision: str
    newest: list[str]
    members: list[MemberAnswer]
    count: int
    """How many there are, those not listed included."""
    ancestors: list[AncestorAnswer]
    is_whole: bool
    """Whether the ancestors are all of them."""


class MadeAnswer(Answer):
    """A part to make."""

    part: str
    process: str
    pieces: int
    licence: str
    reference_s: int
    """Of one piece."""


class PartDesignAnswer(Answer):
    """Another design that goes into this one."""

    cid: str | None
    """Nil where a file names it only in words."""
    name: str
    units: int
    reference: str


class BoughtAnswer(Answer):
    """Something to buy."""

    name: str
    thousandths: int
    """How much, in thousandths of `unit`."""
    unit: str
    """Empty for pieces."""
    reference: str


class BillNote(Answer):
    """What a bill of materials says oddly, or not at all."""

    code: str
    file: str
    row: int
    """0 where it is about the whole file."""
    sentence: str


class BillAnswer(Answer):
    """All that so many units of a design take."""

    revision: str
    title: str
    units: int
    made: list[MadeAnswer]
    designs: list[PartDesignAnswer]
    bought: list[BoughtAnswer]
    unstated: list[BoughtAnswer]
    """Rows of which nothing says whether they are made or bought."""
    notes: list[BillNote]


class ChangeAnswer(Answer):
    """One thing that is other than it was."""

    subject: str
    """`design`, `file`, `part`, `rightsholder`, `parent` or `origin`."""
    name: str
    what: str
    """`added`, `removed`, `changed` or `moved`."""
    field: str
    was: str | int | list[str | int] | None
    now: str | int | list[str | int] | None
    sentence: str


class DiffAnswer(Answer):
    """What changed from one revision to another."""

    old: str
    new: str
    changes: list[ChangeAnswer]
