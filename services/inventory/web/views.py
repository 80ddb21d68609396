"""Pages of stock: looking something up by hand or scanner, receipts, requisitions, lots and their patients, the kit."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.documents.workbook import download
from services.documents.workbook import workbook as workbook_of
from services.inventory import codes, expiry, kit, selectors, supply
from services.inventory.models import Balance, Place
from services.inventory.web.forms import MinimumForm, ReceiveForm, RequestForm, ScrapForm, UseForm
from services.patients.reading import note_listing
from services.sites.models import Site
from services.sites.web.current import site_for

PER_PAGE = 100
MOST_IN_WORKBOOK = 5000
VIEW, KEEP, ASK, USE = "inventory.view", "inventory.keep", "inventory.request", "inventory.use"


def parts(actor: Actor, site: Site) -> list[dict[str, str]]:
    """The tabs of the room."""
    found = [
        ("stock", _("On hand")), ("requisitions", _("Requisitions")), ("counts", _("Counts")),
        ("checks", _("Expiry and scrap")), ("packs", _("Monthly tables")), ("kit", _("Emergency kit")),
    ]  # fmt: skip
    return [{"key": key, "label": label, "url": reverse(f"inventory:{key}")} for key, label in found]


@page(permission=VIEW)
def stock(request: HttpRequest) -> HttpResponse:
    """What lies where; a scanned package leads to its item."""
    site = site_for(request, VIEW)
    query = request.GET.get("q", "")[:120]
    if query and (found := codes.find_stock(query)) is not None:
        return redirect_after_post(request, "inventory:item", found.code)
    place = request.GET.get("place", "")
    rows = Paginator(_balances(request, site), PER_PAGE).get_page(request.GET.get("page"))
    today = clock.today(site.timezone)
    context = {
        "site": site,
        "rows": rows,
        "lines": [(row, expiry.finding_of(row.lot, site, today)) for row in rows.object_list],
        "parts": parts(request.actor, site),
        "places": Place.choices,
        "place": place if place in Place.values else "",
        "query": query,
        "may_keep": holds(request.actor, KEEP, site=site.code),
    }
    return render_page(request, "inventory/stock.html", context)


@page(permission=VIEW)
def workbook(request: HttpRequest) -> HttpResponse:
    """What lies where, as a workbook."""
    site = site_for(request, VIEW)
    headings = [_("Item"), _("Specification"), _("Unit"), _("Place"), _("Lot"), _("Expiry"), _("Quantity"), _("Price")]
    lines = [
        [
            row.lot.item.name, row.lot.item.spec, row.lot.item.unit, str(row.get_place_display()), row.lot.number,
            row.lot.expires_on, row.quantity, row.lot.price_fen / 100,
        ]
        for row in _balances(request, site)[:MOST_IN_WORKBOOK]
    ]  # fmt: skip
    return download(workbook_of(_("Stock"), headings, lines), "stock.xlsx")


@page(permission={"GET": VIEW, "POST": KEEP}, methods=("GET", "POST"))
def item(request: HttpRequest, code: UUID) -> HttpResponse:
    """One item: where its lots lie, its minimums, what moved last."""
    found = selectors.access_item(request.actor, code)
    site = site_for(request, VIEW)
    form = MinimumForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        supply.set_minimum(by=request.actor, site=site, item=found, **form.cleaned_data)
        flash(request, _("Minimum set"))
        return redirect_after_post(request, "inventory:item", code)
    today = clock.today(site.timezone)
    rows = selectors.balances(request.actor).filter(site=site, lot__item=found)
    context = {
        "item": found,
        "site": site,
        "lines": [(row, expiry.finding_of(row.lot, site, today)) for row in rows],
        "minimums": selectors.minimums(site).filter(item=found),
        "movements": selectors.movements(request.actor).filter(site=site, lot__item=found).order_by("-at", "-id")[:50],
        "form": form,
        "may_keep": holds(request.actor, KEEP, site=site.code),
    }
    return render_page(request, "inventory/item.html", context, invalid=form)


@page(permission={"GET": VIEW, "POST": KEEP}, methods=("GET", "POST"))
def lot(request: HttpRequest, code: UUID) -> HttpResponse:
    """One lot: where it lies, which patients it went to, and the application to scrap it."""
    found = selectors.access_lot(request.actor, code)
    form = ScrapForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = expiry.apply_for_scrap(by=request.actor, site=found.site, lot=found, **form.cleaned_data)
        flash(request, _("The dean has it"))
        return redirect_after_post(request, "inventory:scrap", made.code)
    # Who got what is read by those who treat; the others see the lot.
    used = list(selectors.used_on(found)) if holds(request.actor, USE, site=found.site.code) else []
    note_listing(request.actor, [row.patient for row in used if row.patient is not None])
    context = {
        "lot": found,
        "site": found.site,
        "balances": found.balances.filter(quantity__gt=0),
        "used": used,
        "form": form,
        "may_keep": holds(request.actor, KEEP, site=found.site.code),
    }
    return render_page(request, "inventory/lot.html", context, invalid=form)


@page(permission={"GET": KEEP, "POST": KEEP}, methods=("GET", "POST"))
def receive(request: HttpRequest) -> HttpResponse:
    """A delivery comes into the store. A scanned GS1 code fills in item, lot and expiry."""
    site = site_for(request, KEEP)
    scanned = codes.read_code(request.GET.get("q", "")[:120])
    known = codes.find_stock(request.GET.get("q", "")[:120]) if scanned.number else None
    initial = {"item": known.code if known else None, "lot": scanned.lot, "expires_on": scanned.expires_on}
    form = ReceiveForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        supply.receive(by=request.actor, site=site, delivered=[supply.Delivered(**form.cleaned_data)])
        flash(request, _("Received into the store"))
        return redirect_after_post(request, "inventory:receive")
    context = {"site": site, "form": form, "unknown": scanned.number if scanned.number and known is None else ""}
    return render_page(request, "inventory/receive.html", context, invalid=form)


@page(permission={"GET": VIEW, "POST": ASK}, methods=("GET", "POST"))
def requisitions(request: HttpRequest) -> HttpResponse:
    """What places asked of the store, and one more."""
    site = site_for(request, VIEW)
    form = RequestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = supply.request_stock(
            by=request.actor, site=site, place=data["place"],
            lines=[supply.Wanted(item=data["item"], quantity=data["quantity"])],
        )  # fmt: skip
        flash(request, _("The store has it"))
        return redirect_after_post(request, "inventory:requisition", made.code)
    found = selectors.requisitions(request.actor).filter(site=site)
    context = {
        "site": site,
        "rows": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "parts": parts(request.actor, site),
        "form": form,
        "may_ask": holds(request.actor, ASK, site=site.code),
    }
    return render_page(request, "inventory/requisitions.html", context, invalid=form)


@page(permission={"GET": VIEW, "POST": ASK}, methods=("GET", "POST"))
def requisition(request: HttpRequest, code: UUID) -> HttpResponse:
    """An issue slip and its two signatures."""
    if request.method == "POST":
        found = selectors.one(selectors.requisitions(request.actor, ASK), code)
        steps = {"issue": supply.issue, "decline": supply.decline, "sign": supply.sign_for, "back": supply.send_back}
        act = steps.get(request.POST.get("step", ""))
        if act is None:
            raise NotFound("step_not_found", _("There is no such step."))
        act(by=request.actor, site=found.site, requisition=found)
        flash(request, _("Signed"))
        return redirect_after_post(request, "inventory:requisition", code)
    found = selectors.one(selectors.requisitions(request.actor), code)
    actor, here = request.actor, found.site.code
    context = {
        "slip": found,
        "may_issue": found.state == "requested" and holds(actor, KEEP, site=here),
        "may_sign": found.state == "issued" and holds(actor, ASK, site=here) and actor.code != found.issued_by,
        "may_send_back": found.state == "issued" and holds(actor, ASK, site=here),
    }
    return render_page(request, "inventory/requisition.html", context)


@page(permission={"GET": VIEW, "POST": USE}, methods=("GET", "POST"))
def kit_page(request: HttpRequest) -> HttpResponse:
    """The emergency kit: what must be ready, what is; use and check."""
    site = site_for(request, VIEW)
    using = request.method == "POST" and request.POST.get("step") == "use"
    form = UseForm(request.POST if using else None)
    if using and form.is_valid():
        supply.use(by=request.actor, site=site, place=Place.KIT, **form.cleaned_data)
        flash(request, _("Noted; what is short now is told"))
        return redirect_after_post(request, "inventory:kit")
    if request.method == "POST" and not using:
        kit.check_kit(by=request.actor, site=site, remark=request.POST.get("remark", ""))
        flash(request, _("Check noted"))
        return redirect_after_post(request, "inventory:kit")
    context = {
        "site": site,
        "parts": parts(request.actor, site),
        "lines": kit.lines(site),
        "last": kit.last_check(site),
        "next_at": kit.next_check_at(site),
        "form": form,
        "may_use": holds(request.actor, USE, site=site.code),
    }
    return render_page(request, "inventory/kit.html", context, invalid=form)


def _balances(request: HttpRequest, site: Site) -> QuerySet[Balance]:
    rows = selectors.balances(request.actor).filter(site=site)
    place = request.GET.get("place", "")
    return rows.filter(place=place) if place in Place.values else rows
