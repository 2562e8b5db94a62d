"""What publishing and verifying say of designs and documents, by code."""

from __future__ import annotations

from typing import Final

from fabnet.node.web.words.marking import _

COMMONS: Final = {
    "part-source-missing": _(
        "{part}: {licence} needs a source file of its own (clause {clause})"
    ),
    # Publishing.
    "several-manifests": _("{path} was read, and not {others}"),
    "git-not-tracking": _(
        "git does not track {path}, so the folder was taken as it is"
    ),
    "git-commit": _("the git commit checked out is {commit}"),
    "git-uncommitted": _("{path} differs from the commit, and goes as it is here"),
    "git-module": _("{path} is a repository of its own, and was left out"),
    "git-nowhere": _("the manifest names no repo, and git knows no public remote"),
    "git-location": _(
        "the manifest names no repo, so the source location is git’s, {location}"
    ),
    "git-not-pushed": _("git knows no remote branch that holds the commit {commit}"),
    "source-is-mesh": _(
        "all its sources are meshes, such as {path}; if it is drawn in another "
        "program, that file is the source"
    ),
    "published-before": _("this node had published it before"),
    "blob-size-differs": _("the file {path} has {bytes} bytes, not what is stated"),
    "folder-differs": _("the files make the folder {folder}, and another was named"),
    "design-too-large": _("its files are {bytes} bytes together; {most_bytes} at most"),
    "parent-of-another-lineage": _("{parent} is a revision of another design"),
    # Verifying: what holds.
    "signed-by": _("every signature holds; signed by {signers}"),
    "valid-since": _("it counts since {since}"),
    "valid-now": _("it counts since {since}, and until {until}"),
    "named": _("it is {cid}"),
    "files-whole": _("all {files} files are here, and are what they should be"),
    "folder-named": _("together they are the folder {folder}, as IPFS clients name it"),
    "source-there": _("what {licence} asks for is there"),
    "terms-known": _("{licence}"),
    "grant-holds": _("those who hold the rights grant {licence}"),
    "dispute-holds": _("{by} has a say, and disputes the grant {grant}"),
    "withdrawal-holds": _("{by} called the design back: {why}"),
    "part-known": _("{part} is a part of {design}"),
    "grants-hold": _("every grant that it rests on is here, and holds"),
    "acceptance-holds": _("the maker had accepted {licence} for this lot"),
    "charter-holds": _("{name}, in version {version} of its charter"),
    "node-named": _("the charter of {name} names the node that signed"),
    "vouches-hold": _("{name} vouches for {count} cooperatives in {year}"),
    "membership-holds": _("{federation} vouches for {member} as {actor}"),
    "policy-holds": _("the stewards of {name} enacted it"),
    "kept-until": _("the source is promised until {until}"),
    # Verifying: what does not.
    "not-read": _("it cannot be read: {why}"),
    "cid-differs": _("it is {cid}, and {expected} was expected"),
    "file-differs": _("its content is not what the manifest names"),
    "not-yet-valid": _("it does not count before {since}"),
    "no-longer-valid": _("it does not count after {until}"),
    "no-such-part-here": _("{design} has no part called {part}"),
    "another-design": _("it is about {named}, and the design here is {design}"),
    "acceptance-differs": _("the maker’s licence acceptance differs in {field}"),
    "called-back": _("{by} called the design back: {why}"),
    "licence-differs": _("it says {licence}, and the grants allow {granted}"),
    "node-not-named": _("the charter of {name} does not name the node {node}"),
    # Verifying: what cannot be told from what is here.
    "file-not-here": _("it is not here"),
    "design-not-here": _("the manifest of {design} is not here"),
    "grant-disputed": _("{by} disputes the grant: {why}; a person must decide"),
    "no-grant-here": _("no grant of {design} is here"),
    "grant-not-here": _("the grant {grant} is not here"),
    "acceptance-not-here": _("the licence acceptance {acceptance} is not here"),
    "charter-not-here": _("the charter {charter} is not here"),
    "kind-not-known": _("documents of the kind {kind} mean nothing to this program"),
}
"""Why, or why not: a clause without a full stop."""
