"""Everything that a comparison, or the bill of a design, can say in words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fabnet.content import cid as cids
from fabnet.designs.revision import Origin
from tests.node.cooperative import Published, design
from tests.node.desk import Desk, at_desk
from tests.node.test_api_designs import (
    FIRST,
    FORK,
    HOOK,
    PLATE,
    RACK,
    made_from,
    objects,
    publish,
)

CHANGED = msgspec.structs.replace
PART_OF = Origin(cid=FIRST.cid, relation="part", quantity=5)
MOVED = {path.replace("how", "docs/how"): raw for path, raw in design().files.items()}
WIDER = made_from(
    CHANGED(
        HOOK,
        title="Wide rack",
        parts=(*HOOK.parts, CHANGED(PLATE, quantity=4)),
        derived_from=(PART_OF,),
    ),
    {**MOVED, "bom.csv": b"part;qty\nHook;1\n"},
)
ODD = made_from(
    CHANGED(HOOK, title="Odd bill"),
    {
        **design().files,
        "bom.csv": (b"part;qty;type\nHook;2;BUY\nArm;1;MAKE\n;3;STD\nM4 screw;;STD\n"),
        "bom.md": b"# Two screws",
        "bom-gone.csv": b"part;qty\nNut;1\n",
        "bom-bare.csv": b"nothing\n",
    },
)


async def told(desk: Desk, path: str, of: str) -> list[str]:
    status, said = await desk.get(path)
    assert status == 200, said
    return [str(each["sentence"]) for each in objects(said[of])]


@pytest.mark.asyncio
async def test_every_way_in_which_two_versions_differ_is_told(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, FORK, RACK, WIDER)

        async def between(old: Published, new: Published) -> str:
            path = f"/v1/designs/{old.cid}/diff/{new.cid}"
            return " ".join(await told(desk, path, "changes"))

        more, less = await between(FIRST, RACK), await between(RACK, FIRST)
        assert "The file bom.csv was added." in more
        assert "The part “Plate” was added." in more
        assert f"It draws on {FIRST.cid[:15]}… now." in more
        assert "The file bom.csv was removed." in less
        assert "The part “Plate” was removed." in less
        assert f"It does not draw on {FIRST.cid[:15]}… any more." in less
        other = await between(RACK, WIDER)
        assert "The file bom.csv: its bytes was " in other
        assert "The file how.md is now docs/how.md." in other
        assert "The part “Plate”: its quantity was 2, and is 4." in other
        assert f"It draws on {FIRST.cid[:15]}… as part: 3, and now 5." in other
        back = await between(FORK, FIRST)
        assert f"It does not follow {FIRST.cid[:15]}… any more." in back
        assert "A rightsholder was added: did:key:" in back
        assert "A rightsholder was removed: did:key:" in back


@pytest.mark.asyncio
async def test_whatever_is_odd_in_a_bill_is_told(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, ODD)
        await desk.shell.blobs.drop(cids.of_raw(ODD.files["bom-gone.csv"]))

        said = await told(desk, f"/v1/designs/{ODD.cid}/bom", "notes")

    assert [each for each in said if "bom-bare.csv" not in each] == [
        "bom.csv, row 4: nothing stands under part.",
        "bom.csv, row 5: no quantity stands under qty.",
        "bom.md is no table that can be read here.",
        "bom-gone.csv is not here yet.",
        "Row 2: the list says 2 × Hook, the design 1.",
        "Row 2: the list says to buy Hook, and the design how to make it.",
        "Row 3: Arm is to be made, and the design does not say how.",
    ]
    (bare,) = [each for each in said if "bom-bare.csv" in each]
    assert bare.startswith("bom-bare.csv cannot be read: ")
