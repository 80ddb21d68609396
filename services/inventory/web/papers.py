"""Pages of the papers of the month: count sheets, expiry checks and scrap, the tables of the fifth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.forms import formset_factory
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.errors import NotFound, RuleRefused
from kernel.web.views import code_or_404, flash, page, redirect_after_post, render_page
from services.documents.workbook import download
from services.documents.workbook import workbook as workbook_of
from services.inventory import codes, counting, expiry, packs, selectors
from services.inventory.models import Count, PackTable
from services.inventory.web.forms import BudgetLineForm
from services.inventory.web.views import parts
from services.sites.web.current import site_for

PER_PAGE = 60
VIEW, KEEP, COUNTS, ACCEPTS = "inventory.view", "inventory.keep", "inventory.count", "inventory.accept_count"
BudgetLines = formset_factory(BudgetLineForm, extra=6, max_num=60)


@page(permission=VIEW)
def counts(request: HttpRequest) -> HttpResponse:
    """The monthly counts of the till's goods."""
    site = site_for(request, VIEW)
    rows = Paginator(selectors.counts(request.actor).filter(site=site), PER_PAGE).get_page(request.GET.get("page"))
    return render_page(
        request, "inventory/counts.html", {"rows": rows, "site": site, "parts": parts(request.actor, site)}
    )


@page(permission={"GET": VIEW, "POST": VIEW}, methods=("GET", "POST"))
def count(request: HttpRequest, code: UUID) -> HttpResponse:
    """A count sheet, written line by line on a phone; a scanned package shows its lines only. Each step asks for its own
    word in its action."""
    if request.method == "POST":
        return _count_step(request, code)
    found = selectors.one(selectors.counts(request.actor), code)
    lines: list[Any] = list(found.lines.select_related("lot__item"))
    query = request.GET.get("q", "")[:120]
    if query:
        item = codes.find_stock(query)
        lines = [line for line in lines if item is not None and line.lot.item_id == item.pk]
    if found.state == "planned":
        # The sheet is written with the pre-count; until then the lots at the till stand for it.
        lines = [{"lot": row.lot} for row in selectors.balances(request.actor).filter(site=found.site, place="cashier")]
    actor, here = request.actor, found.site.code
    may_count = holds(actor, COUNTS, site=here)
    context = {
        "count": found,
        "site": found.site,
        "lines": lines,
        "query": query,
        "month": counting.month_of(found),
        "may_precount": may_count and found.state == "planned",
        "may_begin": may_count and found.state == "precounted",
        "may_write": may_count and found.state == "counting",
        "may_accept": found.state == "handed_over"
        and holds(actor, ACCEPTS, site=here)
        and actor.code != found.counted_by,
        "may_settle": found.state == "accepted" and holds(actor, "inventory.settle", site=here),
    }
    return render_page(request, "inventory/count.html", context)


def _count_step(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.one(selectors.counts(request.actor), code)
    by, site, step = request.actor, found.site, request.POST.get("step", "")
    if step == "precount":
        counting.precount(by=by, site=site, count=found, counted=_typed(request, "lot-"))
    elif step == "line":
        lot = code_or_404(request.POST.get("lot", ""))
        counting.enter_line(by=by, site=site, count=found, lot=lot, actual=_number(request.POST.get("actual", "")))
        return redirect_after_post(request, "inventory:count", code)
    elif step == "recount":
        counting.ask_recount(by=by, site=site, count=found, reason=request.POST.get("reason", ""))
    else:
        acts: dict[str, Callable[..., Count]] = {
            "begin": counting.begin_count, "hand-over": counting.hand_over_count, "accept": counting.accept_count,
            "settle": counting.settle_month,
        }  # fmt: skip
        if step not in acts:
            raise NotFound("step_not_found", _("There is no such step."))
        acts[step](by=by, site=site, count=found)
    flash(request, _("Done"))
    return redirect_after_post(request, "inventory:count", code)


@page(permission=VIEW)
def count_workbook(request: HttpRequest, code: UUID) -> HttpResponse:
    """The count sheet with its columns as a workbook (14)."""
    found = selectors.one(selectors.counts(request.actor), code)
    headings = [
        _("Item"), _("Lot"), _("Unit"), _("Book"), _("Pre-count"), _("Actual"), _("Difference"), _("Price"),
        _("Profit or loss"), _("Signatures"),
    ]  # fmt: skip
    signed = " / ".join(name for name in (found.counted_by_name, found.accepted_by_name, found.settled_by_name) if name)
    lines = [
        [
            line.lot.item.name, line.lot.number, line.lot.item.unit, line.book, line.precounted, line.actual,
            line.difference, line.price_fen / 100, None if line.profit_fen is None else line.profit_fen / 100, signed,
        ]
        for line in found.lines.select_related("lot__item")
    ]  # fmt: skip
    return download(workbook_of(_("Count sheet"), headings, lines), "count.xlsx")


@page(permission=VIEW)
def checks(request: HttpRequest) -> HttpResponse:
    """Expiry checks, and what was applied for to be scrapped."""
    site = site_for(request, VIEW)
    scraps = selectors.scraps(request.actor).filter(site=site)
    context = {
        "site": site,
        "parts": parts(request.actor, site),
        "checks": selectors.checks(request.actor).filter(site=site)[:12],
        "rows": Paginator(scraps, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render_page(request, "inventory/checks.html", context)


@page(permission={"GET": VIEW, "POST": KEEP}, methods=("GET", "POST"))
def expiry_check(request: HttpRequest, code: UUID) -> HttpResponse:
    """Every lot of the site, confirmed one by one."""
    if request.method == "POST":
        found = selectors.one(selectors.checks(request.actor, KEEP), code)
        if request.POST.get("step") == "close":
            expiry.close_check(by=request.actor, site=found.site, check=found)
            flash(request, _("Every lot is confirmed"))
        else:
            expiry.confirm_lot(
                by=request.actor, site=found.site, check=found, lot=code_or_404(request.POST.get("lot", "")),
                scrap=request.POST.get("step") == "scrap",
            )  # fmt: skip
        return redirect_after_post(request, "inventory:expiry", code)
    found = selectors.one(selectors.checks(request.actor), code)
    said = {line.lot_id: line for line in found.lines.all()}
    context = {
        "check": found,
        "site": found.site,
        "lines": [
            {"lot": lot, "said": said.get(lot.pk), "finding": expiry.finding_of(lot, found.site, found.due_on)}
            for lot in expiry.lots_here(found.site)
        ],
        "may_confirm": found.state == "due" and holds(request.actor, KEEP, site=found.site.code),
    }
    return render_page(request, "inventory/expiry.html", context)


@page(permission={"GET": VIEW, "POST": "inventory.decide"}, methods=("GET", "POST"))
def scrap(request: HttpRequest, code: UUID) -> HttpResponse:
    """A scrap application and the dean's answer."""
    if request.method == "POST":
        found = selectors.one(selectors.scraps(request.actor, "inventory.decide"), code)
        expiry.decide_scrap(
            by=request.actor, site=found.site, scrap=found, approve=request.POST.get("answer") == "yes",
            opinion=request.POST.get("opinion", ""),
        )  # fmt: skip
        flash(request, _("Decided"))
        return redirect_after_post(request, "inventory:scrap", code)
    found = selectors.one(selectors.scraps(request.actor), code)
    may = found.state == "applied" and holds(request.actor, "inventory.decide", site=found.site.code)
    context = {"scrap": found, "may_decide": may and request.actor.code != found.applicant_by}
    return render_page(request, "inventory/scrap.html", context)


@page(permission=VIEW)
def scrap_workbook(request: HttpRequest) -> HttpResponse:
    """Scrap applications with their columns as a workbook (14)."""
    site = site_for(request, VIEW)
    headings = [
        _("Item"), _("Lot"), _("Expiry"), _("Quantity"), _("Value"), _("Reason"), _("Head nurse"), _("Dean's opinion"),
    ]  # fmt: skip
    lines = [
        [
            row.lot.item.name, row.lot.number, row.lot.expires_on, row.quantity, row.value_fen / 100, row.reason,
            row.applicant_name, f"{row.get_state_display()} {row.decided_by_name} {row.opinion}".strip(),
        ]
        for row in selectors.scraps(request.actor).filter(site=site)[:5000]
    ]  # fmt: skip
    return download(workbook_of(_("Scrap applications"), headings, lines), "scrap.xlsx")


@page(permission=VIEW)
def packs_page(request: HttpRequest) -> HttpResponse:
    """The packs of the months."""
    site = site_for(request, VIEW)
    rows = Paginator(selectors.packs(request.actor).filter(site=site), PER_PAGE).get_page(request.GET.get("page"))
    return render_page(
        request, "inventory/packs.html", {"rows": rows, "site": site, "parts": parts(request.actor, site)}
    )


@page(permission={"GET": VIEW, "POST": KEEP}, methods=("GET", "POST"))
def pack(request: HttpRequest, code: UUID) -> HttpResponse:
    """One pack: its three tables, the budget being written here."""
    rows: Any = None
    if request.method == "POST":
        found = selectors.one(selectors.packs(request.actor, KEEP), code)
        step = request.POST.get("step", "")
        if step == "submit":
            packs.submit_pack(by=request.actor, site=found.site, pack=found)
            flash(request, _("Submitted"))
            return redirect_after_post(request, "inventory:pack", code)
        if step in ("purchase", "requisition"):
            packs.write_table(by=request.actor, site=found.site, pack=found, kind=step, lines=None)
            return redirect_after_post(request, "inventory:pack", code)
        if "form-TOTAL_FORMS" not in request.POST:
            raise RuleRefused("table_unknown", _("The tables are budget, purchase and requisition."))
        rows = BudgetLines(request.POST)
        if rows.is_valid():
            lines = [packs.Line(**data) for data in rows.cleaned_data if data]
            packs.write_table(by=request.actor, site=found.site, pack=found, kind="budget", lines=lines)
            flash(request, _("Budget written"))
            return redirect_after_post(request, "inventory:pack", code)
    found = selectors.one(selectors.packs(request.actor), code)
    tables = {table.kind: table for table in found.tables.all()}
    if rows is None:
        budget = tables.get("budget")
        names = ("item", "spec", "quantity", "price_fen", "reason", "on")
        kept = [{name: getattr(line, name) for name in names} for line in budget.lines.all()] if budget else []
        rows = BudgetLines(initial=kept)
    context = {
        "pack": found,
        "site": found.site,
        "tables": [(kind, label, tables.get(kind)) for kind, label in PackTable.Kind.choices],
        "rows": rows,
        "today": clock.today(found.site.timezone),
        "may_write": found.state != "submitted" and holds(request.actor, KEEP, site=found.site.code),
    }
    wrong = rows.is_bound and not rows.is_valid()
    return render_page(request, "inventory/pack.html", context, status=422 if wrong else 200)


@page(permission=VIEW)
def pack_workbook(request: HttpRequest, code: UUID, kind: str) -> HttpResponse:
    """One table of a pack with its columns as a workbook (14)."""
    found = selectors.one(selectors.packs(request.actor), code)
    table = next((one for one in found.tables.all() if one.kind == kind), None)
    if table is None:
        raise NotFound("table_not_found", _("This table is not written yet."))
    headings = [
        _("Item"), _("Specification"), _("Quantity"), _("Price"), _("Amount"), _("Reason or department"), _("Date"),
    ]  # fmt: skip
    lines = [
        [one.item, one.spec, one.quantity, one.price_fen / 100, one.amount_fen / 100, one.reason, one.on]
        for one in table.lines.all()
    ]
    return download(workbook_of(str(table.get_kind_display()), headings, lines), f"{table.kind}.xlsx")


def _typed(request: HttpRequest, prefix: str) -> dict[UUID, int]:
    """The numbers typed in fields named by codes; empty ones are blank."""
    return {
        code_or_404(name.removeprefix(prefix)): _number(str(value))
        for name, value in request.POST.items()
        if name.startswith(prefix) and str(value).strip()
    }


def _number(text: str) -> int:
    plain = text.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 7):
        raise RuleRefused("quantity_invalid", _("Type a whole number; nothing is 0."))
    return int(plain)
