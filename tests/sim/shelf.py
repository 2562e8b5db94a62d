"""What a site's disk tells of a design: whether it was withdrawn."""

from __future__ import annotations

from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import (
    KIND,
    WithdrawalBody,
    Withdrawn,
    standing,
)
from fabnet.designs.revision import parse
from tests.sim.disk import Disk


def withdrawn_at(disk: Disk, cid: Cid) -> Withdrawn | None:
    """Return the withdrawal that stands on a disk which has the manifest."""
    raw = disk.blobs.get(cid)
    said = disk.kept(KIND, cid)
    if raw is None or not said:
        return None
    documents = (it.read(WithdrawalBody).document for it in said)
    return standing(documents, parse(raw), cid)
