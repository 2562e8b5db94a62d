"""The table, as people would write it down: a changed cell or duty is seen here."""

from __future__ import annotations

import pytest

from fabnet.designs.licence.eligible import Permitted, conditions, may_make
from fabnet.designs.licence.terms import ACTORS, ACTS, table

FACTS = frozenset(table().predicates)
SHORT = {
    "noncommercial_purpose": "nc",
    "cost_recovery_only": "cost",
    "principal_may_replicate": "principal",
    "worker_owned": "wo",
    "surplus_to_worker_owners": "so",
    "private_only": "private",
    "all_workers_are_owners": "all-own",
    "not_law_enforcement_or_military": "unarmed",
    "human_rights_attestation": "rights",
}
WORDS = dict(zip(ACTS, ("view", "own", "peer", "sell", "modify", "share"), strict=True))

OPEN = """
view     A  A  A  A  A
own      A  A  A  A  A
peer     A  A  A  A  A
sell     A  A  A  A  A
modify   A  A  A  A  A
share    A  A  A  A  A
"""
NONCOMMERCIAL = """
view     A                  A                  A                  A                  A
own      A[nc]              A[nc]              A[nc]              A[nc]              R
peer     A[principal+cost]  A[principal+cost]  A[principal+cost]  A[principal+cost]  R
sell     -                  -                  -                  -                  -
modify   A[nc]              A[nc]              A[nc]              A[nc]              R
share    A[nc]              A[nc]              A[nc]              A[nc]              R
"""
UNCHANGED = """
view     A           A           A           A           A
own      A           A           A           A           A
peer     A           A           A           A           A
sell     A           A           A           A           A
modify   A[private]  A[private]  A[private]  A[private]  A[private]
share    A           A           A           A           A
"""
PPL = """
view     A               A           A           A           -
own      A[nc or wo+so]  A[nc]       A[nc]       A[nc]       -
peer     A[nc or wo+so]  A[nc+cost]  A[nc+cost]  A[nc+cost]  -
sell     A[wo+so]        -           -           R           -
modify   A[nc or wo+so]  A[nc]       A[nc]       A[nc]       -
share    A[nc or wo+so]  A[nc]       A[nc]       A[nc]       -
"""
ANTI_CAPITALIST = "\n".join(
    f"{word} A[unarmed+all-own] A[unarmed] R A -" for word in WORDS.values()
)
HIPPOCRATIC = "\n".join(
    f"{word} A[rights] A[rights] A[rights] A[rights] R" for word in WORDS.values()
)
NOTHING = "\n".join(f"{word} - - - - -" for word in WORDS.values())

CONDENSED = {
    # worker cooperative, non-profit, public body, individual, firm
    "CERN-OHL-S-2.0": OPEN,
    "CERN-OHL-W-2.0": OPEN,
    "CERN-OHL-P-2.0": OPEN,
    "CERN-OHL-1.2": OPEN,
    "TAPR-OHL-1.0": OPEN,
    "Apache-2.0 WITH SHL-2.0": OPEN,
    "Apache-2.0 WITH SHL-2.1": OPEN,
    "CC0-1.0": OPEN,
    "CC-BY-3.0": OPEN,
    "CC-BY-4.0": OPEN,
    "CC-BY-SA-3.0": OPEN,
    "CC-BY-SA-4.0": OPEN,
    "LAL-1.3": OPEN,
    "GPL-3.0-only": OPEN,
    "GPL-3.0-or-later": OPEN,
    "AGPL-3.0-or-later": OPEN,
    "MIT": OPEN,
    "Apache-2.0": OPEN,
    "CC-BY-NC-4.0": NONCOMMERCIAL,
    "CC-BY-NC-SA-4.0": NONCOMMERCIAL,
    "CC-BY-ND-4.0": UNCHANGED,
    "CC-BY-NC-ND-4.0": NONCOMMERCIAL.replace(
        "modify   A[nc]              A[nc]              A[nc]              A[nc]",
        "modify" + " A[private+nc]" * 4,
    ),
    "PPL": PPL,
    "LicenseRef-scancode-anti-capitalist-1.4": ANTI_CAPITALIST,
    "Hippocratic-2.1": HIPPOCRATIC,
    "NOASSERTION": NOTHING,
    "NONE": NOTHING,
}

DUTIES = """
CERN-OHL-S-2.0:
  RETAIN_NOTICES               | peer sell modify share   | 3.1, 3.3(a)
  CHANGE_NOTICE_DATED          | modify                   | 3.3(b)
  SOURCE_WITH_PRODUCT          | peer sell                | 4 and 1.9
  SOURCE_LOCATION_FOR_MODIFIED | modify                   | 3.2, 3.3(c)
  SHARE_ALIKE_SOURCE           | modify                   | 3.3(d)
  DISPLAY_IF_NOTICE_SAYS       | peer sell                | 4
  NO_PATENT_LITIGATION         | always                   | 7.2
  NO_FURTHER_RESTRICTION       | always                   | 2.3
CERN-OHL-W-2.0:
  RETAIN_NOTICES               | peer sell modify share   | 3.1, 3.3(a)
  CHANGE_NOTICE_DATED          | modify                   | 3.3(b)
  SOURCE_WITH_PRODUCT          | peer sell                | 4.1 and 1.10
  SOURCE_LOCATION_FOR_MODIFIED | modify                   | 3.2, 3.3(c)
  SHARE_ALIKE_SOURCE           | modify                   | 3.3(d)
  DISPLAY_IF_NOTICE_SAYS       | peer sell                | 4.1
  NO_PATENT_LITIGATION         | always                   | 7.2
  NO_FURTHER_RESTRICTION       | always                   | 2.3
CERN-OHL-P-2.0:
  RETAIN_NOTICES               | modify share             | 3.1, 3.3(a)
  CHANGE_NOTICE_DATED          | modify                   | 3.3(b)
  NOTICES_WITH_PRODUCT         | peer sell                | 4
  LICENCE_COPY_IF_RELICENSED   | share                    | 3.4(b)
  NO_PATENT_LITIGATION         | always                   | 6.2
CERN-OHL-1.2:
  RETAIN_NOTICES               | modify share             | 3.1
  CHANGE_NOTICE_DATED          | modify                   | 3.4(b)
  DOC_LOCATION_NEW             | modify                   | 3.4(c)
  NATIVE_FORMAT                | modify                   | 3.4(d)
  SHARE_ALIKE_SOURCE           | modify                   | 3.4(e)
  DOC_ACCESS_WITH_PRODUCT      | peer sell                | 4.1
  INFORM_LICENSOR_INVITED      | peer sell                | 4.2
TAPR-OHL-1.0:
  RETAIN_NOTICES               | peer sell share          | 4.1, 5.1
  LICENCE_COPY                 | share                    | 4.1
  CHANGE_FILE                  | modify                   | 4.2(a)
  BEFORE_AND_AFTER_FILES       | modify                   | 4.2(b)
  MANUFACTURING_FILES          | own peer sell            | 4.2(d)
  EMAIL_LICENSORS              | modify                   | 3
  SOURCE_WITH_PRODUCT          | peer sell                | 5.2
  PATENT_IMMUNITY_BY_MAKER     | own peer sell            | 2.2
  SOFTWARE_NOT_COVERED         | always                   | 1.6
Apache-2.0 WITH SHL-2.0, Apache-2.0 WITH SHL-2.1:
  LICENCE_COPY                 | peer sell share          | Apache 4(a)
  CHANGE_NOTICE                | modify                   | Apache 4(b)
  RETAIN_NOTICES               | share                    | Apache 4(c)
  NOTICE_FILE                  | peer sell share          | Apache 4(d)
  NO_PATENT_LITIGATION         | always                   | Apache 3
CC-BY-4.0, CC-BY-NC-4.0:
  ATTRIBUTION                  | peer sell share          | 3(a)(1)(A)
  INDICATE_CHANGES             | modify                   | 3(a)(1)(B)
  LICENCE_LINK                 | peer sell share          | 3(a)(1)(C)
  NO_FURTHER_RESTRICTION       | always                   | 2(a)(5)(B)
  ADAPTER_LICENCE_COMPATIBLE   | modify                   | 3(a)(4)
CC-BY-SA-4.0, CC-BY-NC-SA-4.0:
  ATTRIBUTION                  | peer sell share          | 3(a)(1)(A)
  INDICATE_CHANGES             | modify                   | 3(a)(1)(B)
  LICENCE_LINK                 | peer sell share          | 3(a)(1)(C)
  NO_FURTHER_RESTRICTION       | always                   | 2(a)(5)(C)
  SHARE_ALIKE                  | modify                   | 3(b)
CC-BY-ND-4.0, CC-BY-NC-ND-4.0:
  ATTRIBUTION                  | peer sell share          | 3(a)(1)(A)
  INDICATE_CHANGES             | modify                   | 3(a)(1)(B)
  LICENCE_LINK                 | peer sell share          | 3(a)(1)(C)
  NO_FURTHER_RESTRICTION       | always                   | 2(a)(5)(B)
CC-BY-SA-3.0:
  ATTRIBUTION                  | peer sell share          | 4(c)
  INDICATE_CHANGES             | modify                   | 3(b)
  LICENCE_LINK                 | peer sell share          | 4(a)
  NO_FURTHER_RESTRICTION       | always                   | 4(a)
  SHARE_ALIKE                  | modify                   | 4(b)
CC-BY-3.0:
  ATTRIBUTION                  | peer sell share          | 4(b)
  INDICATE_CHANGES             | modify                   | 3(b)
  LICENCE_LINK                 | peer sell share          | 4(a)
  NO_FURTHER_RESTRICTION       | always                   | 4(a)
CC0-1.0, NOASSERTION, NONE:
GPL-3.0-only, GPL-3.0-or-later:
  RETAIN_NOTICES               | share                    | 4
  CHANGE_NOTICE_DATED          | modify                   | 5(a)
  SHARE_ALIKE_SOURCE           | modify                   | 5(c)
  SOURCE_WITH_PRODUCT          | peer sell                | 6(a)-(d)
  NO_PATENT_LITIGATION         | always                   | 10 para 3
AGPL-3.0-or-later:
  RETAIN_NOTICES               | share                    | 4
  CHANGE_NOTICE_DATED          | modify                   | 5(a)
  SHARE_ALIKE_SOURCE           | modify                   | 5(c)
  SOURCE_WITH_PRODUCT          | peer sell                | 6(a)-(d)
  NO_PATENT_LITIGATION         | always                   | 10 para 3
  NETWORK_SOURCE               | modify                   | 13
LAL-1.3:
  ATTRIBUTION                  | peer sell share          | 2.2(2)
  ACCESS_TO_ORIGINALS          | peer sell share          | 2.2(3)
  SHARE_ALIKE                  | modify                   | 2.3(3)
MIT:
  RETAIN_NOTICES               | share                    | notice para
Apache-2.0:
  RETAIN_NOTICES               | share                    | 4(a)-(d)
PPL:
  ATTRIBUTION                  | peer sell share          | 4(e)
  LICENCE_LINK                 | peer sell share          | 4(a)
  INDICATE_CHANGES             | modify                   | 3(b)
  NO_FURTHER_RESTRICTION       | always                   | 4(a)
LicenseRef-scancode-anti-capitalist-1.4:
  RETAIN_NOTICES               | share                    | 1
Hippocratic-2.1:
  RETAIN_NOTICES               | share                    | Notice
  INDEMNITY                    | always                   | 3
"""
"""Duty, the acts that bring it, the clause that asks for it."""


def shown(id_: str, actor: str, act: str) -> str:
    """One cell as the condensed table writes it; what a reviewer would ask is left."""
    cell = table().licences[id_].cell(actor, act)
    assert cell is not None
    if cell.d != "allow":
        return {"review": "R", "deny": "-"}[cell.d]
    asked = "+".join(cell.requires).removeprefix("any:").replace("|", " or ")
    for fact, short in SHORT.items():
        asked = asked.replace(fact, short)
    return f"A[{asked}]" if asked else "A"


def cells(text: str) -> list[list[str]]:
    lines = text.replace(" or ", "_or_").strip().splitlines()
    return [[it.replace("_or_", " or ") for it in line.split()] for line in lines]


@pytest.mark.parametrize("id_", CONDENSED)
def test_each_licence_lets_each_actor_do_what_the_condensed_table_says(
    id_: str,
) -> None:
    told = [
        [word, *(shown(id_, actor, act) for actor in ACTORS)]
        for act, word in WORDS.items()
    ]

    assert told == cells(CONDENSED[id_])


def test_the_table_is_27_licences_by_five_actors_and_six_acts_and_has_no_gap() -> None:
    assert set(CONDENSED) == set(table().licences)
    assert (len(CONDENSED), len(ACTORS), len(ACTS)) == (27, 5, 6)
    for terms in table().licences.values():
        for actor in ACTORS:
            assert set(terms.matrix[actor]) == set(ACTS)
    assert set(table().derivatives) == set(table().assemblies) == set(CONDENSED)
    assert SHORT.keys() == FACTS


def asked() -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    ids: list[str] = []
    for line in DUTIES.strip().splitlines():
        if not line.startswith(" "):
            ids = line.rstrip(":").split(", ")
            found |= {id_: [] for id_ in ids}
            continue
        code, acts, clause = (word.strip() for word in line.split("|"))
        for id_ in ids:
            found[id_].append((code, acts, clause))
    return found


@pytest.mark.parametrize("id_", CONDENSED)
def test_each_licence_asks_these_duties_for_these_acts_by_these_clauses(
    id_: str,
) -> None:
    listed = asked()[id_]

    for act, word in WORDS.items():
        wanted = {
            (code, clause)
            for code, acts, clause in listed
            if acts == "always" or word in acts.split()
        }
        for actor in ACTORS:
            verdict = may_make(id_, act=act, actor=actor, facts=FACTS)
            if not isinstance(verdict, Permitted):
                continue
            told = {(duty.code, duty.cite.split("; SHL")[0]) for duty in verdict.duties}
            assert told == wanted, (act, actor)
            assert all(duty.licence == id_ for duty in verdict.duties)
    assert asked().keys() == table().licences.keys()


def test_what_is_made_for_its_maker_alone_owes_nobody_its_source() -> None:
    for id_, terms in table().licences.items():
        if terms.source_duty is None:
            continue
        own = may_make(id_, act="replicate_own", actor="individual", facts=FACTS)
        assert isinstance(own, Permitted)
        assert terms.source_duty not in {duty.code for duty in own.duties}


@pytest.mark.parametrize(
    ("expression", "act", "actor", "asked_for"),
    [
        ("CERN-OHL-S-2.0", "sell", "firm", ()),
        ("CC-BY-NC-4.0", "sell", "firm", ()),
        ("CC-BY-NC-4.0", "modify", "nonprofit", ("noncommercial_purpose",)),
        (
            "CC-BY-NC-4.0 AND Hippocratic-2.1",
            "replicate_own",
            "individual",
            ("noncommercial_purpose", "human_rights_attestation"),
        ),
        ("CC-BY-NC-4.0 OR MIT", "sell", "firm", ()),
        (
            "PPL",
            "replicate_own",
            "worker_coop",
            ("any:noncommercial_purpose|worker_owned+surplus_to_worker_owners",),
        ),
        ("MIT AND", "sell", "firm", ()),
    ],
)
def test_what_must_be_signed_for_a_yes_is_all_told(
    expression: str, act: str, actor: str, asked_for: tuple[str, ...]
) -> None:
    assert conditions(expression, act=act, actor=actor) == asked_for
