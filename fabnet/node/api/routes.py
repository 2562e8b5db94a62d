"""Every route there is: router, OpenAPI document and the test of all doors read it."""

from __future__ import annotations

from typing import Final

import msgspec

from fabnet import VERSION
from fabnet.node.api.answers import (
    Created,
    Credit,
    Done,
    Filed,
    Handover,
    Health,
    JobAnswer,
    Jobs,
    LicenceAnswer,
    Machines,
    Makings,
    NewBearer,
    NodeAnswer,
    PublishedDesign,
    Recipients,
    Stored,
    Story,
    Withdrawals,
)
from fabnet.node.api.asks import (
    BenchCount,
    Cancellation,
    FirstOperator,
    MachineChange,
    NewAcceptance,
    NewDesign,
    NewDocument,
    NewRequest,
    NewToken,
    NewWithdrawal,
    PieceByHand,
)
from fabnet.node.api.bundles import handlers as bundles
from fabnet.node.api.bundles.answers import FrameTaken
from fabnet.node.api.commons import bills, comparing, withdrawals
from fabnet.node.api.commons import designs as commons
from fabnet.node.api.commons import pages as design_pages
from fabnet.node.api.commons.answers import (
    BillAnswer,
    DesignDetail,
    DiffAnswer,
    FoundDesigns,
    LineageAnswer,
)
from fabnet.node.api.doubts import listing, papers
from fabnet.node.api.doubts.answers import Doubts, NewAttestation, NewWriteOff
from fabnet.node.api.exports import labels, metrics, okw
from fabnet.node.api.handlers import (
    about,
    credit,
    designs,
    handover,
    jobs,
    machines,
    pages,
    people,
    publishing,
    requests,
)
from fabnet.node.api.openapi import document
from fabnet.node.api.peers import handlers as peers
from fabnet.node.api.peers.answers import NewBlock, NoBlock, Peers
from fabnet.node.api.plans import pages as plan_pages
from fabnet.node.api.plans import why
from fabnet.node.api.plans.answers import WhyAnswer
from fabnet.node.api.records import pruning
from fabnet.node.api.table import (
    ANY,
    HTML,
    JSON,
    Call,
    Raw,
    Route,
    get,
    get_asked,
    post,
    post_file,
)
from fabnet.node.links.frames import FRAME_BYTES_MAX
from fabnet.node.store.blobs import BLOB_BYTES_MAX
from fabnet.records import jose

NEW_DESIGN_BYTES_MAX: Final = 512 * 1_024
"""A manifest of 256 KiB and a grant of 40 KiB, in base64."""
DOCUMENT_BYTES_MAX: Final = 72 * 1_024
"""A signed document of 48 KiB, in base64."""


async def _openapi(_: Call) -> Raw:
    return Raw(msgspec.json.encode(document(ROUTES, VERSION)), JSON)


_DESIGN: Final = "/v1/designs/{cid}"
_LOT: Final = "/v1/lots/{job}/{epoch}"
_MACHINE: Final = "/v1/machines/{facility}/{machine}"

ROUTES: Final[tuple[Route, ...]] = (
    get("/", HTML, plan_pages.home, "The page with map, machines, designs and jobs"),
    get_asked(
        "/designs",
        commons.DesignSearch,
        HTML,
        design_pages.designs_page,
        "The page of a search for designs",
    ),
    get_asked(
        "/designs/{cid}",
        bills.BillSearch,
        HTML,
        design_pages.design_page,
        "The page of one design",
    ),
    get(
        "/withdrawals",
        HTML,
        design_pages.withdrawals_page,
        "The page of recalled designs",
    ),
    get("/jobs/{id}", HTML, plan_pages.job, "The page of one job"),
    get("/static/{name}", ANY, pages.static, "A style sheet or an icon"),
    get("/metrics", metrics.MEDIA_TYPE, metrics.get_metrics, "Figures for Prometheus"),
    get("/v1/peers", Peers, peers.list_peers, "Other nodes, and how they stand"),
    post(
        "/v1/peers/block",
        "operator",
        NewBlock,
        Done,
        peers.block_peer,
        summary="Hold no link with a peer, and give it no file",
    ),
    post(
        "/v1/peers/unblock",
        "operator",
        NoBlock,
        Done,
        peers.unblock_peer,
        summary="Let a blocked peer in again",
    ),
    get("/healthz", Health, about.healthz, "Whether the listener answers"),
    get("/v1/openapi.json", JSON, _openapi, "This description"),
    get("/v1/node", NodeAnswer, about.get_node, "This node"),
    get(
        "/v1/machines", Machines, machines.list_machines, "Live facilities and machines"
    ),
    get_asked(
        "/v1/okw",
        okw.OkwAsk,
        JSON,
        okw.get_okw,
        "The workshop here in OKW 1.0, or in the tables of IoP",
    ),
    get_asked(
        "/v1/designs",
        commons.DesignSearch,
        FoundDesigns,
        commons.search,
        "Published designs, by words and facts; without any, the newest",
    ),
    get(_DESIGN, DesignDetail, commons.get_design, "One design"),
    get(
        "/v1/licences/{expression}",
        LicenceAnswer,
        about.get_licence,
        "What a licence lets whom do, and what it asks; not legal advice",
    ),
    get(
        f"{_DESIGN}/lineage",
        LineageAnswer,
        commons.get_lineage,
        "All known revisions of a design, and what this one follows",
    ),
    get_asked(
        f"{_DESIGN}/bom",
        bills.BillSearch,
        BillAnswer,
        bills.get_bill,
        "What units of a design take: to make, to buy, and other designs",
    ),
    get(
        f"{_DESIGN}/diff/{{other}}",
        DiffAnswer,
        comparing.get_diff,
        "What changed from one revision to another",
    ),
    get(
        f"{_DESIGN}/manifest",
        JSON,
        designs.get_manifest,
        "The manifest of one design, as its CID names it",
    ),
    get(
        f"{_DESIGN}/grants/{{grant}}",
        JSON,
        designs.get_grant,
        "One signed grant of a design",
    ),
    get(
        _DESIGN + "/files/{path:.+}",
        ANY,
        designs.get_file,
        "One file of a design",
    ),
    get("/v1/jobs", Jobs, jobs.list_jobs, "Jobs filed here, or made here for another"),
    get("/v1/jobs/{id}", JobAnswer, jobs.get_job, "One job, by id or short code"),
    get_asked(
        "/v1/jobs/{id}/why",
        why.WhySearch,
        WhyAnswer,
        why.get_why,
        "Why a job is where it is, why not elsewhere, and what would change it",
    ),
    get("/v1/makings", Makings, jobs.list_makings, "Lots made here"),
    get(
        "/v1/doubts",
        Doubts,
        listing.list_doubts,
        "What waits for a person here, with what to do",
        role="steward",
    ),
    get("/v1/stories/{id}", Story, jobs.get_story, "All that happened to one thing"),
    get("/v1/credit", Credit, credit.get_credit, "Minutes between cooperatives"),
    get_asked(
        "/v1/passports/{id}/label.svg",
        labels.LabelPageAsk,
        labels.SVG,
        labels.label_svg,
        "A passport’s label to print, one page of it",
    ),
    get_asked(
        "/v1/passports/{id}/label.pdf",
        labels.LabelAsk,
        labels.PDF,
        labels.label_pdf,
        "A passport’s label to print",
    ),
    get_asked(
        f"{_LOT}/sheet.svg",
        labels.SheetPageAsk,
        labels.SVG,
        labels.sheet_svg,
        "The job sheet of a lot made here, one page of it",
    ),
    get(
        f"{_LOT}/sheet.pdf",
        labels.PDF,
        labels.sheet_pdf,
        "The job sheet of a lot made here",
    ),
    get(
        "/v1/passports/{job}/{epoch}",
        JSON,
        credit.get_passport,
        "The product passport of one lot, a signed credential",
    ),
    get(
        f"{_LOT}/handover",
        Handover,
        handover.get_handover,
        "For whom the pieces of a lot made here are, and how they get them",
        role="operator",
    ),
    get(
        "/v1/passports/{job}/{epoch}/jwt",
        jose.MEDIA_TYPE,
        credit.get_passport_jwt,
        "The same as a JWT, from the node that signed it",
    ),
    get(
        "/v1/withdrawals",
        Withdrawals,
        withdrawals.list_withdrawals,
        "Designs that were recalled, and the jobs here that used them",
    ),
    get(
        "/v1/withdrawals/{cid}/recipients",
        Recipients,
        withdrawals.list_recipients,
        "Whom the jobs of a design were for, with what is known to reach them",
        role="operator",
    ),
    get("/v1/bundle/proofs", ANY, bundles.get_proofs, "Proofs of forks, for a stick"),
    get(
        "/v1/bundle/after/{cursor}",
        ANY,
        bundles.get_section,
        "Records that arrived after a number, for a stick",
    ),
    get("/v1/bundle/files/{cid}", ANY, bundles.get_file, "A file, for a stick"),
    post_file(
        "/v1/bundle/frames",
        "operator",
        FrameTaken,
        bundles.take_frame,
        summary="Take records or proofs from a stick",
        bytes_max=FRAME_BYTES_MAX,
    ),
    post_file(
        "/v1/bundle/files/{design}/{cid}",
        "operator",
        Stored,
        bundles.take_file,
        summary="Take a file from a stick",
        bytes_max=BLOB_BYTES_MAX,
    ),
    get("/v1/blobs/{cid}", Stored, publishing.get_stored, "Whether a file is here"),
    post_file(
        "/v1/blobs",
        "designer",
        Stored,
        publishing.put_file,
        summary="Upload a file",
        bytes_max=BLOB_BYTES_MAX,
    ),
    post_file(
        "/v1/blobs/{cid}",
        "designer",
        Stored,
        publishing.put_named_file,
        summary="Upload the file that has this CID",
        bytes_max=BLOB_BYTES_MAX,
    ),
    post(
        "/v1/designs",
        "designer",
        NewDesign,
        PublishedDesign,
        publishing.publish_design,
        summary="Publish a design and its grant",
        bytes_max=NEW_DESIGN_BYTES_MAX,
        begins=True,
    ),
    post(
        "/v1/withdrawals",
        "designer",
        NewWithdrawal,
        Created,
        withdrawals.withdraw,
        summary="Carry a withdrawal of a design that its rightsholders signed",
        bytes_max=DOCUMENT_BYTES_MAX,
    ),
    post(
        "/v1/documents",
        "operator",
        NewDocument,
        Created,
        publishing.publish_document,
        summary="Carry a charter, membership, policy or dispute",
        bytes_max=DOCUMENT_BYTES_MAX,
    ),
    post(
        "/v1/requests",
        "steward",
        NewRequest,
        Filed,
        requests.file_request,
        summary="File a request for someone",
        begins=True,
    ),
    post(
        "/v1/jobs/{id}/cancellation",
        "steward",
        Cancellation,
        Created,
        requests.cancel,
        summary="Cancel what a job still lacks",
    ),
    post(
        f"{_LOT}/acceptance",
        "steward",
        NewAcceptance,
        Created,
        requests.accept_lot,
        summary="Take the pieces of a lot, granting minutes",
    ),
    post(
        f"{_LOT}/count",
        "operator",
        BenchCount,
        Created,
        requests.count_bench,
        summary="Say what lies on the bench",
    ),
    post(
        f"{_LOT}/attestation",
        "steward",
        NewAttestation,
        Created,
        papers.attest,
        summary="Take a signed count of the bench of a lot that was lost here",
        bytes_max=DOCUMENT_BYTES_MAX,
    ),
    post(
        f"{_LOT}/write-off",
        "steward",
        NewWriteOff,
        Created,
        papers.write_off,
        summary="Owe again what a lot lacks, as a person signed",
        bytes_max=DOCUMENT_BYTES_MAX,
    ),
    post(
        "/v1/records/{id}/prune",
        "operator",
        pruning.NewPrune,
        Created,
        pruning.prune,
        summary="Delete the body of a record from this disk for good",
    ),
    post(
        f"{_MACHINE}/state",
        "operator",
        MachineChange,
        Done,
        machines.set_state,
        summary="Set a machine idle, drained or offline",
    ),
    post(
        f"{_MACHINE}/piece",
        "operator",
        PieceByHand,
        Done,
        machines.finish_piece,
        summary="Say that a manual station finished a piece",
    ),
    post(
        "/v1/operators",
        None,
        FirstOperator,
        NewBearer,
        people.become_operator,
        summary="Exchange the one-time token for the first operator’s",
    ),
    post(
        "/v1/tokens",
        "operator",
        NewToken,
        NewBearer,
        people.give_token,
        summary="Give someone a token",
    ),
)
