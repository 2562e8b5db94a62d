"""Which version of a charter follows from the documents that are here."""

from __future__ import annotations

from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import Charter, lineage_of, open_charter
from fabnet.node.verifying.parts import Parts
from fabnet.records.credential import Credential
from fabnet.records.ids import CharterId
from fabnet.records.refusal import Refusal


def find_charter(
    parts: Parts, id_: CharterId | None, *, also: Credential | None = None
) -> Charter | Refusal:
    """Return the newest version of a charter that follows from what is here, or not.

    `also` is a version to end with: the one that is looked at.
    """
    known = parts.of_kind(charters.DOCUMENT_KIND)
    found = [it for it in known if lineage_of(it.raw) == id_]
    if also is not None and also.id not in [it.id for it in found]:
        found.append(also)
    charter: Charter | None = None
    why = Refusal("charter-not-here", (("charter", str(id_)),))
    for credential in sorted(found, key=_version):
        opened = open_charter(credential.raw, previous=charter)
        if isinstance(opened, Refusal):
            why = opened
        else:
            charter = opened
        if also is not None and credential.id == also.id:
            return opened
    return why if charter is None else charter


def _version(credential: Credential) -> int:
    version = credential.subject.get("version")
    return version if isinstance(version, int) else 0
