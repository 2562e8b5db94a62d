"""Why not: clauses without a full stop, by code."""

from __future__ import annotations

from typing import Final

from fabnet.node.web.words.commons import COMMONS
from fabnet.node.web.words.doubts import DOUBT_REASONS
from fabnet.node.web.words.duties import DESCENT, READING
from fabnet.node.web.words.marking import _
from fabnet.node.web.words.whys import NONE_CHOSEN, NOT_CHOSEN

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
    "too-many-blocks": _("there are {most} blocked peers, the most that are kept"),
    "peer-is-us": _("a node cannot block itself"),
    "block-in-the-past": _("a block cannot end before it begins"),
    "foreign-host": _("this listener does not answer for {host}"),
    "disk-low": _(
        "the disk is nearly full: what is under way is finished, nothing new is begun "
        "until there is room"
    ),
    "bundle-file-unasked": _(
        "no revision that is kept here names the file {cid}, so it is not taken"
    ),
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
    "author-forked": _(
        "it is proven that the asking node signed two different things at one place of "
        "its log"
    ),
    "design-missing": _("the design cannot be had"),
    "no-lot-in-doubt": _("no piece of lot {epoch} is in doubt"),
    "no-piece-open": _("no piece is open at {machine}"),
    "unanswered": _("there was no answer within {seconds} s; it may still be done"),
    "empty-body": _("the body is empty"),
    "no-such-design": _("no design {revision} is known here"),
    "wrong-request": _("the request is not sound: {why}"),
    # Why a row got nothing when cities planned together.
    "no-offer": _("nobody offers what would do"),
    "all-offers-refused": _("each facility that could do it said no ({offers} asked)"),
    "rounds-spent": _("the cities did not settle it in {rounds} rounds"),
    "waiting-costs-less": _(
        "the cheapest offer counts like {cheapest_ms} of waiting, and to be left to "
        "the next plan like {waiting_ms}"
    ),
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
    "vouches-quorum-not-met": _("the list needs {needed} of the voucher’s stewards"),
    "vouches-of-another-version": _(
        "the list was signed under version {version} of the charter, and {held} is the "
        "newest: it must be signed again"
    ),
    "vouches-contradict": _(
        "{charter} signed two lists for {year} that contradict each other, so neither "
        "counts"
    ),
    "vouches-too-far-ahead": _("a list for {year} is too far ahead"),
    "too-many-vouches": _("there are {most} lists of vouches, the most that are kept"),
    "policy-quorum-not-met": _("the policy needs {needed} of the stewards"),
    "policy-not-newer": _("version {version} of the policy is not newer"),
    # Why a body is not pruned.
    "body-not-here": _("this record has no body here, of the kind {kind}"),
    "notice-not-pruned": _("a notice goes by itself when its author says another"),
    "body-decides-who-belongs": _("who belongs, and what is recalled, rests on {kind}"),
    "body-is-terms": _("those who made a design cite its {kind}"),
    "body-is-account": _("pieces and minutes add up by {kind}"),
    "job-not-over": _("the job {job} is not over, or something of it is in doubt"),
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
    **DOUBT_REASONS,
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
