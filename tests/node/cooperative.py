"""A cooperative with one workshop: its keys, documents, a design and a machine."""

from __future__ import annotations

from dataclasses import dataclass

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import file_cid, folder
from fabnet.cooperation.charter import DOCUMENT_KIND as CHARTER
from fabnet.cooperation.charter import charter_subject, lineage_of
from fabnet.cooperation.policy import DOCUMENT_KIND as POLICY
from fabnet.cooperation.policy import policy_subject
from fabnet.designs.documents.grant import CREDENTIAL as GRANT
from fabnet.designs.documents.grant import Grant, grant_of, subject_of
from fabnet.designs.requirement import Requirement
from fabnet.designs.revision import FileEntry, Part, Revision, Rightsholder, encode
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer
from fabnet.production.place import place_at
from fabnet.records.credential import issue
from fabnet.records.ids import (
    CharterId,
    FacilityId,
    MachineId,
)
from fabnet.records.keys import SealingKey, SigningKey

NODE = SigningKey.from_seed(b"node".ljust(32))
STEWARD = SigningKey.from_seed(b"steward".ljust(32))
DESIGNER = SigningKey.from_seed(b"designer".ljust(32))
SEALING = SealingKey.from_seed(b"sealing".ljust(32))
THEN = "2026-01-01T00:00:00Z"
PRINTER = MachineId("workshop/printer")
JACKSON = place_at(32.2988, -90.1848)
LICENCE = "CERN-OHL-S-2.0"


def charter() -> bytes:
    """The charter of the one cooperative here."""
    subject = charter_subject(
        name="Jackson", stewards=[STEWARD.public], nodes=[NODE.public.peer]
    )
    return issue(
        CHARTER,
        issuer=STEWARD.public.did,
        subject=subject,
        valid_from=THEN,
        keys=[STEWARD],
        created=THEN,
    )


def charter_id() -> CharterId:
    """Its name."""
    found = lineage_of(charter())
    assert found is not None
    return found


def policy(signer: SigningKey = STEWARD, version: int = 1) -> bytes:
    """A policy that decides at once."""
    subject = policy_subject({"roundS": 1}, charter_id(), version)
    return issue(
        POLICY,
        issuer=signer.public.did,
        subject=subject,
        valid_from=THEN,
        keys=[signer],
        created=THEN,
    )


@dataclass(frozen=True, slots=True)
class Published:
    """A design, ready to be uploaded."""

    files: dict[str, bytes]
    manifest: bytes
    grant: bytes
    folder: Cid

    @property
    def cid(self) -> Cid:
        """The revision."""
        return cids.of_raw(self.manifest)


def design(title: str = "Wall hook", signer: SigningKey = DESIGNER) -> Published:
    """A small design under CERN-OHL-S-2.0, with its grant."""
    files = {"hook.scad": b"cube([20, 10, 30]);\n", "how.md": b"# Print it\n"}
    media = {"hook.scad": "application/x-openscad", "how.md": "text/markdown"}
    needs = Requirement(
        "3d-printing.fdm", ("pla",), 20_000, 10_000, 30_000,
        None, None, None, None, (), 6_000, 30,
    )  # fmt: skip
    revision = Revision(
        title=title,
        version="1.0",
        function="Holds a coat.",
        licence=LICENCE,
        source_location="https://example.org/hook",
        rightsholders=(Rightsholder(did=DESIGNER.public.did, name="Ada"),),
        quorum=1,
        files=tuple(
            FileEntry(
                path=path,
                cid=cids.of_raw(data),
                bytes=len(data),
                media_type=media[path],
                role="source" if path == "hook.scad" else "instructions",
            )
            for path, data in files.items()
        ),
        parts=(
            Part(
                name="hook",
                requirement=needs,
                reference_s=60,
                quantity=1,
                files=("hook.scad",),
            ),
        ),
    )
    manifest = encode(revision)
    granted = grant_of(revision, cids.of_raw(manifest))
    assert isinstance(granted, Grant)
    document = issue(
        GRANT,
        issuer=signer.public.did,
        subject=subject_of(granted),
        valid_from=THEN,
        keys=[signer],
        created=THEN,
    )
    entries = {path: file_cid([data]) for path, data in files.items()}
    return Published(files, manifest, document, folder(entries).cid)


def facility() -> Facility:
    """The workshop here."""
    return Facility(
        FacilityId("workshop"), "Jackson Community Workshop", charter_id(), JACKSON,
        "America/Chicago", "Mo-Su 00:00-24:00", 400, 3_600,
    )  # fmt: skip


def printer(state: str = "idle") -> Machine:
    """Its one machine."""
    assert state in ("idle", "drained", "offline")
    return Machine(
        PRINTER, FacilityId("workshop"), "The blue printer", "MK4",
        "idle" if state == "idle" else "drained", (_capability(),), 3_600,
    )  # fmt: skip


def offer() -> CapacityOffer:
    """What it offers."""
    return CapacityOffer(
        PRINTER, FacilityId("workshop"), _capability(), 1_000, 60, 120, (),
        ("members",), 3_600,
    )  # fmt: skip


def _capability() -> Capability:
    return Capability(
        "3d-printing.fdm",
        ("pla",),
        250_000,
        210_000,
        220_000,
        200,
        None,
        (400,),
        (),
        120,
    )
