"""What licences ask, in plain words."""

from __future__ import annotations

from fabnet.designs.licence.terms import table
from fabnet.node.web.duties import DUTIES, duty


def test_every_duty_of_the_table_is_told_in_plain_words() -> None:
    codes = {row.code for terms in table().licences.values() for row in terms.duties}

    assert codes
    assert not sorted(codes - DUTIES.keys())


def test_a_duty_is_one_or_more_whole_sentences() -> None:
    assert not [code for code, text in DUTIES.items() if not text.endswith(".")]
    assert not [code for code, text in DUTIES.items() if not text[0].isupper()]


def test_a_duty_that_is_new_speaks_by_its_note() -> None:
    assert duty("NEVER_HEARD", "wear a hat") == "Wear a hat."
    assert duty("NEVER_HEARD", "") == "Never heard."
