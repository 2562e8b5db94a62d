"""What a design draws on must let it be published so, or a person must read."""

from __future__ import annotations

import msgspec

from fabnet.content.cid import Cid, of_raw
from fabnet.designs.documents.descent import (
    Ancestor,
    Descent,
    Held,
    judge_descent,
    wanted,
)
from fabnet.designs.revision import Origin, Revision, Rightsholder
from tests.designs.samples import EVE, RIGHTSHOLDERS, revision

EARLIER, OTHER = of_raw(b"earlier"), of_raw(b"other")
STRANGER = (Rightsholder(did=EVE.public.did, name="Eve"),)


def drawing_on(
    *origins: tuple[Cid, str], parents: tuple[Cid, ...] = (), quorum: int = 3
) -> Revision:
    return msgspec.structs.replace(
        revision(quorum=quorum),
        lineage=parents[0] if parents else None,
        parents=parents,
        derived_from=tuple(
            Origin(cid=cid, relation=how)  # type: ignore[arg-type]  # one of three
            for cid, how in origins
        ),
    )


def by_a_stranger(licence: str | None, **changes: object) -> Ancestor:
    design = msgspec.structs.replace(
        revision(licence or "NONE", quorum=1), rightsholders=STRANGER, **changes
    )
    return Ancestor(design, licence)


def judged(design: Revision, out: str, held: Held) -> Descent:
    assert not wanted(design, held)
    return judge_descent(design, out, held)


def test_a_design_that_draws_on_nothing_asks_nobody() -> None:
    assert judged(drawing_on(), "MIT", {}) == Descent()


def test_a_remix_goes_on_only_under_what_its_origin_allows() -> None:
    held = {OTHER: by_a_stranger("CERN-OHL-S-2.0")}
    for relation in ("remix", "variant"):
        remix = drawing_on((OTHER, relation))
        assert judged(remix, "CERN-OHL-S-2.0", held) == Descent()
        refused = judged(remix, "MIT", held).refused
        assert [(cid, no.reason) for cid, no in refused] == [
            (OTHER, "derivative-forbidden")
        ]
        assert dict(refused[0][1].args) == {
            "licence": "CERN-OHL-S-2.0",
            "clause": "3.3(d)",
            "into": "MIT",
        }


def test_a_part_keeps_its_licence_where_a_remix_could_not() -> None:
    held = {OTHER: by_a_stranger("CC-BY-SA-4.0")}

    assert judged(drawing_on((OTHER, "part")), "CERN-OHL-S-2.0", held) == Descent()
    assert judged(drawing_on((OTHER, "remix")), "CERN-OHL-S-2.0", held).refused


def test_what_the_licence_leaves_open_is_for_a_person() -> None:
    held = {OTHER: by_a_stranger("CERN-OHL-W-2.0")}
    ((cid, open_),) = judged(
        drawing_on((OTHER, "remix")), "CERN-OHL-S-2.0", held
    ).unclear

    assert (cid, open_.reason) == (OTHER, "derivative-unclear")


def test_an_origin_that_is_not_here_is_told_as_unknown() -> None:
    remix = drawing_on((OTHER, "remix"), (OTHER, "part"), parents=(EARLIER,))

    assert set(wanted(remix, {})) == {OTHER, EARLIER}
    found = judged(remix, "MIT", {OTHER: None, EARLIER: None})
    assert found == Descent(unknown=(EARLIER, OTHER))


def test_an_origin_without_a_grant_lets_nobody_go_on() -> None:
    held = {OTHER: by_a_stranger(None)}
    ((_, no),) = judged(drawing_on((OTHER, "remix")), "MIT", held).refused

    assert no.reason == "origin-not-granted"


def test_who_holds_all_rights_may_choose_anew_and_none_may_be_left_out() -> None:
    held = {EARLIER: Ancestor(revision("CERN-OHL-S-2.0"), "CERN-OHL-S-2.0")}

    assert judged(drawing_on(parents=(EARLIER,)), "MIT", held) == Descent()
    some = drawing_on(parents=(EARLIER,), quorum=2)
    assert judged(some, "MIT", held).refused
    fewer = msgspec.structs.replace(
        drawing_on(parents=(EARLIER,), quorum=1), rightsholders=RIGHTSHOLDERS[:1]
    )
    assert judged(fewer, "MIT", held).refused


def test_a_new_version_does_not_shake_off_what_the_old_one_drew_on() -> None:
    old = drawing_on((OTHER, "remix"))
    new = drawing_on(parents=(EARLIER,))
    held: dict[Cid, Ancestor | None] = {EARLIER: Ancestor(old, "CERN-OHL-S-2.0")}

    assert wanted(new, held) == (OTHER,)
    held[OTHER] = by_a_stranger("CERN-OHL-S-2.0")
    assert judged(new, "CERN-OHL-S-2.0", held) == Descent()
    assert [cid for cid, _ in judged(new, "MIT", held).refused] == [OTHER]


def test_an_origin_that_fits_the_licence_of_one_part_is_for_a_person() -> None:
    held = {OTHER: by_a_stranger("CERN-OHL-S-2.0")}
    remix = drawing_on((OTHER, "remix"))
    parts = (msgspec.structs.replace(remix.parts[0], licence="CERN-OHL-S-2.0"),)
    ((_, open_),) = judged(
        msgspec.structs.replace(remix, parts=parts), "MIT", held
    ).unclear

    assert open_.reason == "origin-in-a-part"


def test_designs_that_draw_on_each_other_come_to_an_end() -> None:
    loop = drawing_on((EARLIER, "remix"), (OTHER, "remix"))
    held = {EARLIER: Ancestor(loop, "MIT"), OTHER: Ancestor(loop, "MIT")}

    assert judged(loop, "MIT", held) == Descent()
