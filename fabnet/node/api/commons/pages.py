"""The pages of designs: a search, one design with its kin, and what was recalled."""

from __future__ import annotations

from http import HTTPStatus

from fabnet.content.cid import Cid
from fabnet.designs.vocabulary import PROCESSES
from fabnet.node.api.commons.bills import BillSearch, amount, get_bill
from fabnet.node.api.commons.designs import (
    DesignSearch,
    catalogue_of,
    get_design,
    get_lineage,
    search,
)
from fabnet.node.api.commons.withdrawals import known_withdrawals
from fabnet.node.api.handlers.about import node_answer
from fabnet.node.api.handlers.known import books, readable, records_of
from fabnet.node.api.problem import Problem
from fabnet.node.api.table import HTML, Call, Raw
from fabnet.node.shell import Shell
from fabnet.node.web.render import render
from fabnet.production import facility as facilities
from fabnet.production.facility import Facility


async def designs_page(call: Call, asked: DesignSearch) -> Raw | Problem:
    """Show a search and what answers to it; the newest, when nothing is asked."""
    found = await search(call, asked)
    return _page(
        call.shell,
        "designs.html",
        asked=asked,
        found=found,
        processes=[each.token for each in PROCESSES],
    )


async def design_page(call: Call, asked: BillSearch) -> Raw | Problem:
    """Show one design: what it takes, where it comes from, and who made it."""
    design = await get_design(call)
    if isinstance(design, Problem):
        return design
    lineage = await get_lineage(call)
    if isinstance(lineage, Problem):
        return lineage
    bill = await get_bill(call, asked) if design.is_fetched else None
    held = await catalogue_of(call.shell)
    kin = (*design.superseded_by, *design.forks, *design.drawn_on_by, *design.parents)
    titles = {
        summary.cid: summary.name
        for cid in kin
        if (summary := held.get(Cid(cid))) is not None
    }
    return _page(
        call.shell,
        "design.html",
        design=design,
        lineage=lineage,
        bill=None if isinstance(bill, Problem) else bill,
        titles=titles,
        names=await _cooperatives(call.shell),
        amount=amount,
    )


async def withdrawals_page(call: Call) -> Raw:
    """Show the designs that were recalled, why, and which jobs here they touch."""
    known = await known_withdrawals(call.shell)
    return _page(call.shell, "withdrawals.html", withdrawals=known)


async def _cooperatives(shell: Shell) -> dict[str, str]:
    """Return what each cooperative's workshop is called, as far as it said so."""
    known = await books(shell)
    found: dict[str, str] = {}
    for record in await records_of(shell, facilities.KIND):
        facility = readable(record, Facility)
        if facility is not None and known.nodes.get(record.author) == facility.charter:
            found.setdefault(facility.charter, facility.name)
    return found


def _page(shell: Shell, template: str, **shown: object) -> Raw:
    page = render(template, node=node_answer(shell), **shown)
    return Raw(page.encode(), HTML, HTTPStatus.OK)
