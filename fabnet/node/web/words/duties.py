"""What licences let whom do, and what they ask in return: the words for each code.

Of the terms table's codes; `sentences` speaks them. Our reading, and no legal advice.
"""

from __future__ import annotations

from typing import Final

from fabnet.node.web.words.marking import _

ACTS: Final = {
    "view": _("look at it"),
    "replicate_own": _("make it for own use"),
    "make_for_peer_at_cost": _("make it for someone else at cost"),
    "sell": _("make and sell it at a profit"),
    "modify": _("change it"),
    "redistribute": _("pass the files on"),
}
"""What somebody may do, in the order of the table."""

ACTORS: Final = {
    "worker_coop": _("worker cooperative"),
    "nonprofit": _("non-profit"),
    "public_body": _("public body"),
    "individual": _("individual"),
    "firm": _("firm"),
}
"""Who may do it; a federation's membership says which of these a cooperative is."""

FACTS: Final = {
    "noncommercial_purpose": _("it is signed that the purpose is not commercial"),
    "cost_recovery_only": _("it is signed that no more is asked for than the cost"),
    "principal_may_replicate": _(
        "whoever it is for could make it for itself, and nothing is made for stock"
    ),
    "worker_owned": _("a federation signed that its workers own it"),
    "surplus_to_worker_owners": _(
        "a federation signed that all surplus goes to its worker-owners"
    ),
    "private_only": _("what is changed is not shared"),
    "all_workers_are_owners": _("a federation signed that every worker is an owner"),
    "not_law_enforcement_or_military": _(
        "a federation signed that it is neither police nor military"
    ),
    "human_rights_attestation": _("the site signed that it keeps to human rights"),
}
"""What must hold, and be signed, before the answer is yes."""

DUTIES: Final = {
    "ACCESS_TO_ORIGINALS": _("Say where the originals can be had."),
    "ADAPTER_LICENCE_COMPATIBLE": _(
        "Choose no licence for your changes that keeps others from keeping to this one."
    ),
    "ATTRIBUTION": _("Name its authors, as they wish to be named."),
    "BEFORE_AND_AFTER_FILES": _("Pass on the files as they were and as they are now."),
    "CHANGE_FILE": _("List your changes in a file of their own."),
    "CHANGE_NOTICE": _("Say in each file that you changed it."),
    "CHANGE_NOTICE_DATED": _("Say that you changed it, when, and how."),
    "DISPLAY_IF_NOTICE_SAYS": _(
        "Show where the source is on the product or its packaging, if a notice says so."
    ),
    "DOC_ACCESS_WITH_PRODUCT": _(
        "Give everyone who gets a product an easy way to the documentation."
    ),
    "DOC_LOCATION_NEW": _("Say where the changed documentation is to be had."),
    "EMAIL_LICENSORS": _("Try to send your changes to authors who left an address."),
    "INDEMNITY": _("Answer for what your own use costs the authors."),
    "INDICATE_CHANGES": _("Say that you changed it."),
    "INFORM_LICENSOR_INVITED": _(
        "You are asked, not bound, to tell authors what and how many you made."
    ),
    "LICENCE_COPY": _("Pass on a copy of the licence."),
    "LICENCE_COPY_IF_RELICENSED": _(
        "Pass on a copy of the licence if you put it under another."
    ),
    "LICENCE_LINK": _("Pass on the licence, or a link to it."),
    "MANUFACTURING_FILES": _("Add the files that you made in order to manufacture it."),
    "NATIVE_FORMAT": _("Share changes in the format that is best for changing them."),
    "NETWORK_SOURCE": _(
        "Offer the source of a changed version to all who use it over a network."
    ),
    "NOTICE_FILE": _("Pass on the NOTICE file."),
    "NOTICES_WITH_PRODUCT": _("Let everyone who gets a product see the notices."),
    "NO_FURTHER_RESTRICTION": _(
        "Add no terms that take from others what this licence gives them."
    ),
    "NO_PATENT_LITIGATION": _("Whoever sues over patents in it loses these rights."),
    "PATENT_IMMUNITY_BY_MAKER": _(
        "Whoever makes it promises not to sue its users over patents, unless it is "
        "made solely on someone else’s behalf."
    ),
    "RETAIN_NOTICES": _("Keep all notices as they are."),
    "SHARE_ALIKE": _("Share what you change under the same licence."),
    "SHARE_ALIKE_SOURCE": _(
        "Share the source of what you change under the same licence."
    ),
    "SOFTWARE_NOT_COVERED": _("Software in it has terms of its own."),
    "SOURCE_LOCATION_FOR_MODIFIED": _(
        "Put the source of what you changed where it can be had."
    ),
    "SOURCE_WITH_PRODUCT": _(
        "Give everyone who gets a product the source, or say where it can be had for "
        "at least three years."
    ),
    "GOES_ON_UNDER": _("What came under it goes on under {into}."),
    "KEEPS_ITS_LICENCE": _("The part keeps its licence in a whole under {into}."),
}
"""What is asked in return: whole sentences."""

DESCENT: Final = {
    "derivative-forbidden": _(
        "{licence} does not let it go on under {into} (clause {clause})"
    ),
    "derivative-unclear": _(
        "whether {licence} lets it go on under {into}, a person must read "
        "(clause {clause})"
    ),
    "assembly-forbidden": _("{licence} lets it be a part of nothing (clause {clause})"),
    "assembly-unclear": _(
        "whether a whole under {into} may hold a part under {licence}, a person must "
        "read (clause {clause})"
    ),
    "component-unclear": _(
        "{into} wants parts that anyone may make, and {licence} sets conditions; a "
        "person must read it (clause {clause})"
    ),
    "too-many-elections": _(
        "it leaves more than {most} ways to elect; a person must read"
    ),
    "origin-not-granted": _("no valid licence grant is known for its origin “{title}”"),
    "origin-in-a-part": _(
        "{licence} lets its origin go on in one part, but not under {into} as a whole "
        "(clause {clause}); a person must say where it went"
    ),
    "origin-unknown": _(
        "its origin {origin} is not here, so nobody could read its licence"
    ),
    "origin-reviewed": _("its origin {origin} was read by a person: {why}"),
}
"""Why a design may not be published beside what it draws on: clauses."""

READING: Final = {
    "read-as": _("{text} was read as {licence} ({how})"),
    "read-ambiguous": _("it does not say which it is: {detail}"),
    "read-conflict": _("some of these bar uses that others allow: {detail}"),
    "read-several": _("it does not say whether all hold or one: {detail}"),
    "read-no-licence": _("it grants nothing: without a licence all rights are kept"),
    "read-not-a-licence": _("it names no licence: {detail}"),
    "read-odd-letters": _("it holds an odd letter, {detail}"),
    "read-too-long": _("it is too long to be a licence: {detail}"),
    "read-too-nested": _("its parentheses nest too deep: {detail}"),
    "read-malformed": _("it cannot be read: {detail}"),
    "read-unknown": _("its terms are not known here: {detail}"),
}
"""How a licence string from the wild was read, or why it was not: clauses."""
