"""What nobody at a desk can know: lost databases, benches to be counted, write-offs.

The words for each code, and for each kind of doubt what a person is to do about it.
"""

from __future__ import annotations

from typing import Final

from fabnet.node.web.words.marking import _

DOUBT_LINES: Final = {
    # What becomes known, at either end.
    "reborn": _(
        "This node came back with another database, its number {counter}; what it "
        "promised before is not believed from here on."
    ),
    "restored": _(
        "This database was brought back or is new, number {counter}: what the one "
        "before did since is asked of others, and lots that were under way wait for "
        "people."
    ),
    # The requester's side.
    "lot-lost": _(
        "Lot {epoch}: the workshop lost the database that knew of it. A person there "
        "must count the bench of {machine}, or a person here write it off."
    ),
    "lot-forgotten": _(
        "Lot {epoch}: this node was restored and does not know how it went on; the "
        "workshop of {machine} is asked."
    ),
    "status": _(
        "Lot {epoch}: the workshop told what it had made: {good} good, {scrap} scrap."
    ),
    "stray-lot": _(
        "Lot {epoch}: {peer} made {good} good of it, and nobody here knows of the lot "
        "any more; ask there for them."
    ),
    "attested": _(
        "Lot {epoch}: a person counted the bench and signed: {good} good, {scrap} "
        "scrap."
    ),
    "written-off": _(
        "Lot {epoch}: {pieces} missing from {machine} were written off, signed by a "
        "person, and are owed again."
    ),
    "surplus": _(
        "Lot {epoch}: {pieces} of its {good} good are more than is still owed, and are "
        "surplus."
    ),
    # The facility's side.
    "bench-unknown": _(
        "Lot {epoch}: an earlier database of this node was asked for it, and nobody "
        "knows what lies on the bench. A person must count it and sign."
    ),
    "fence-answered": _(
        "This requester was restored; it was told what was made of {lots} lots that it "
        "had asked for before."
    ),
    "message-of-unknown-lot": _(
        "{peer} spoke of lot {epoch}, which is not known here."
    ),
}
"""What happened, by code: whole sentences."""

DOUBT_REASONS: Final = {
    # Why a signed document does not count.
    "nothing-to-write-off": _(
        "lot {epoch} of {job} is not known here, or nothing of it can be written off"
    ),
    "no-lost-lot": _("no database of this node lost lot {epoch} of {job}"),
    "document-unreadable": _("the signed document does not hold: {why}"),
    "document-of-another-lot": _(
        "the document is signed for another lot, of job {job}, or for another node"
    ),
    "write-off-of-another-count": _(
        "{signed} pieces were signed for, and {missing} are missing now; sign anew"
    ),
    "fewer-than-known": _(
        "{signed} good pieces were signed for, and this node knows of {known}"
    ),
    "signers-missing": _(
        "{needed} of the cooperative’s operators and stewards must sign, and {signed} "
        "of them did"
    ),
    "site-of-another-cooperative": _(
        "the document names a node that the charter does not, {site}"
    ),
    # Why a job or a lot ended.
    "restored": _(
        "this node was restored, and places nothing more of older jobs; ask again for "
        "what is missing"
    ),
    "fenced": _("the requester was restored, and its older lots are ended"),
    # Why a message changed nothing.
    "forgotten-final": _("the lot was over, told so, and forgotten"),
    "no-charter": _("no charter known here names the node that said it"),
    "unreadable": _("what was signed cannot be read"),
    "not-what-was-signed": _("it says something else than the document it carries"),
    "of-another-fence": _("it answers a question of another database of ours"),
    "not-its-own": _("it speaks for another database than its own"),
    "not-while-asked": _("the lot is not confirmed yet"),
    "not-while-dropped": _("the lot was dropped, and never confirmed"),
    "not-while-confirmed": _("the lot is confirmed already"),
    "not-while-cancelling": _("the lot is being cancelled"),
    "not-while-lost": _("the database that it was confirmed to is gone"),
    "not-while-forgotten": _("this node was restored since"),
    "not-while-written-off": _("the lot was written off"),
    "not-while-closed": _("the lot is closed"),
    "not-while-queued": _("the lot waits for an answer"),
    "not-while-ready": _("the lot is confirmed already"),
    "not-while-running": _("the lot is being made"),
    "not-while-in-doubt": _("a piece of the lot is in doubt"),
}
"""Why not, by code: a clause without a full stop."""

DOUBTS: Final = {
    "in-doubt": _(
        "A piece of lot {epoch} was begun on {machine}, and nobody knows what lies on "
        "its bench; {good} of {pieces} are known to be good."
    ),
    "bench-unknown": _(
        "This node lost the database that {other} had asked for lot {epoch}. Good "
        "pieces that are still known: {good}; there may be more."
    ),
    "lot-lost": _(
        "{other} lost the database that lot {epoch} was confirmed to; {good} of "
        "{pieces} on {machine} are known to be good."
    ),
    "lot-forgotten": _(
        "This node was restored and does not know how lot {epoch} went on at {other}; "
        "{good} of {pieces} on {machine} are known to be good."
    ),
    "surplus": _(
        "Good pieces of lot {epoch} that came to light at {other} when they were not "
        "owed any more: {surplus}."
    ),
    "stray-lot": _(
        "Good pieces of lot {epoch} that {other} made for this node, and nothing here "
        "knows of that job any more: {good}."
    ),
    "waits-there": _(
        "Lot {epoch} waits: {machine} at {other} stands still until somebody there has "
        "looked at its bench; {good} of {pieces} are known to be good."
    ),
    "maker-silent": _(
        "Lot {epoch} should be over on {machine} at {other}, and nothing says that it "
        "is; {good} of {pieces} are known to be good."
    ),
    "restored": _(
        "This node goes on with a database that was brought back, or is new; it places "
        "nothing more of jobs that an older one opened."
    ),
}
"""What is in doubt, by kind."""

TO_DO: Final = {
    "in-doubt": _("Look at the bench, and say what lies there: good or scrap."),
    "bench-unknown": _(
        "Count all good and spoilt pieces of the job that lie on the bench or were "
        "handed over from it, and sign for the count."
    ),
    "lot-lost": _(
        "Ask {other} to count the bench; its own node shows it the lot too. If nobody "
        "can, sign here that the missing pieces are written off: they are owed again, "
        "and may be made twice."
    ),
    "lot-forgotten": _(
        "Nothing, while {other} is asked. If it never answers, sign here that the "
        "missing pieces are written off; nothing more of the job is placed either way."
    ),
    "surplus": _("Agree with {other} on what becomes of them."),
    "stray-lot": _("Ask {other} for them, and for whom they were."),
    "waits-there": _(
        "Ask {other} to look; its own node shows it, too. The lot then goes on by "
        "itself."
    ),
    "maker-silent": _(
        "Ring {other} up. Nothing moves by itself: only its word frees the pieces, or "
        "a write-off that is signed here."
    ),
    "restored": _(
        "Count the benches that are listed here, and ask again for what is missing of "
        "jobs that ended as restored."
    ),
}
"""What a person does about it, by kind."""
