"""Pages of packages and stored value: the register, a holding, a patient's balances, the use at a visit, offers, liability."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.catalogue.selectors import items
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.prepaid import actions, ending, selectors
from services.prepaid.machines import HOLDING, LIVE
from services.prepaid.models import Cause, Holding, Use
from services.prepaid.web.forms import (
    ExtendForm,
    PackageForm,
    ReasonForm,
    RefundForm,
    ShareForm,
    StoredValueForm,
    TransferForm,
    UseForm,
)
from services.reception.selectors import access_visit
from services.sites.choosing import offer
from services.sites.web.current import site_for

PER_PAGE = 100
EXPIRING = "expiring"


def parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The lists of the room that this person reads."""
    found = [{"key": "register", "label": _("Register"), "url": reverse("prepaid:register")}]
    found.append({"key": "offers", "label": _("What is offered"), "url": reverse("prepaid:offers")})
    if request.actor.can("prepaid.see_liability"):
        found.append({"key": "liability", "label": _("What the house owes"), "url": reverse("prepaid:liability")})
    return found


@page(permission="prepaid.view")
def register(request: HttpRequest) -> HttpResponse:
    """Everything that was prepaid, the latest first; by state, or what expires soon, the nearest first."""
    show = request.GET.get("state", "")
    if show == EXPIRING:
        rows = selectors.expiring(request.actor, site_for(request, "prepaid.view"))
    else:
        rows = selectors.holdings(request.actor)
        rows = rows.filter(state=show) if show in HOLDING.states else rows
    found = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in found.object_list])
    here = reverse("prepaid:register")
    states: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    states.append({"key": EXPIRING, "label": _("Expires soon"), "url": f"{here}?state={EXPIRING}"})
    states += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in HOLDING.choices]
    context = {"parts": parts(request), "states": states, "show": show, "rows": found}
    return render_page(request, "prepaid/register.html", context)


@page(permission="prepaid.view")
def holding(request: HttpRequest, code: UUID) -> HttpResponse:
    """One package or stored value: its statement, uses, who shares it, and what may be done now."""
    return shown(request, code)


@page(permission="prepaid.view")
def patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's balances, and the way to the till for what is sold in advance."""
    found = access_patient(request.actor, code)
    note_listing(request.actor, [found])
    sells = holds(request.actor, "cashier.charge")
    till = reverse("cashier:goods")
    today = clock.today()
    context = {
        "patient": found,
        "rows": list(selectors.of_patient(request.actor, found)),
        "offers": [
            {
                "offer": one,
                "price_fen": one.item.price_on(today),
                "url": f"{till}?patient={found.code}&i={one.item.code}:1" if sells else "",
            }
            for one in selectors.offers(on_sale=True)
        ],
    }
    return render_page(request, "prepaid/patient.html", context)


@page(permission="prepaid.redeem", methods=("GET", "POST"))
def visit(request: HttpRequest, code: UUID) -> HttpResponse:
    """The patient of a visit takes a session of a package, and signs."""
    found = access_visit(request.actor, code)
    form = UseForm(request.POST if request.method == "POST" else None)
    usable = selectors.usable_at(request.actor, found)
    offer(form, "holding", usable)
    if request.method == "POST" and form.is_valid():
        use = actions.redeem(by=request.actor, site=found.site, visit=found, **form.cleaned_data)
        flash(request, _("%(number)s: one session used") % {"number": use.holding.number})
        return redirect_after_post(request, "prepaid:visit", code)
    note_listing(request.actor, [found.patient])
    uses = Use.objects.filter(visit=found, taken_back_at__isnull=True).select_related("holding")
    context = {"visit": found, "form": form, "usable": list(usable), "uses": list(uses)}
    return render_page(request, "prepaid/visit.html", context, invalid=form)


@page(permission={"GET": "prepaid.view", "POST": "prepaid.manage"}, methods=("GET", "POST"))
def offers(request: HttpRequest) -> HttpResponse:
    """What is sold in advance; another package."""
    form = PackageForm(request.POST if request.method == "POST" else None)
    offer(form, "gives", items())
    if request.method == "POST" and form.is_valid():
        actions.offer_package(by=request.actor, **form.cleaned_data)
        flash(request, _("Offered from today on"))
        return redirect_after_post(request, "prepaid:offers")
    return _offers(request, form, StoredValueForm())


@page(permission="prepaid.manage", methods=("POST",))
def offer_stored_value(request: HttpRequest) -> HttpResponse:
    """Stored value in other pieces."""
    form = StoredValueForm(request.POST)
    if form.is_valid():
        actions.offer_stored_value(by=request.actor, **form.cleaned_data)
        flash(request, _("Offered from today on"))
        return redirect_after_post(request, "prepaid:offers")
    package_form = PackageForm()
    offer(package_form, "gives", items())
    return _offers(request, package_form, form)


@page(permission="prepaid.see_liability")
def liability(request: HttpRequest) -> HttpResponse:
    """What the site owes for what was prepaid, over a month; books and statements side by side."""
    site = site_for(request, "prepaid.see_liability")
    first = _month(request.GET.get("month", ""), clock.today(site.timezone))
    context = {
        "parts": parts(request),
        "site": site,
        "first": first,
        "month": selectors.roll_forward(site, first),
        "owed_fen": selectors.owed_fen(site),
        "stated_fen": selectors.stated_fen(site),
    }
    return render_page(request, "prepaid/liability.html", context)


# --- parts ------------------------------------------------------------------------------------------------------------


def shown(request: HttpRequest, code: UUID, **given: Any) -> HttpResponse:
    """The page of a holding, with a form that was not filled in well where there is one."""
    found = selectors.access_holding(request.actor, code)
    shares = [one for one in found.shares.select_related("patient") if one.ended_at is None]
    note_listing(request.actor, [found.patient, *(one.patient for one in shares)])
    may = {
        word: holds(request.actor, f"prepaid.{word}", site=found.site.code) for word in ("consent", "adjust", "refund")
    }
    context = {
        "holding": found,
        "site": found.site,
        "statement": list(found.statement.order_by("-number")[:PER_PAGE]),
        "uses": list(found.uses.select_related("patient").order_by("-at", "-id")[:PER_PAGE]),
        "shares": shares,
        "extensions": list(found.extensions.all()),
        "ending": found.endings.select_related("refund").first(),
        "quote": ending.quote(found, cause=Cause.PATIENT) if may["refund"] and found.state in LIVE else None,
        "may_freeze": may["adjust"] and found.state == "active",
        "may_thaw": may["adjust"] and found.state == "frozen",
        "may_extend": may["adjust"] and found.is_package and found.state in ("active", "expired"),
        "may_take_back": may["adjust"] and found.state in ("active", "used"),
        "may_share": may["consent"] and found.state in LIVE,
        "may_transfer": may["consent"] and found.is_package and found.state == "active",
        "may_refund": may["refund"] and found.state in LIVE,
        "extend_form": ExtendForm(),
        "share_form": ShareForm(),
        "transfer_form": TransferForm(),
        "refund_form": RefundForm(initial={"cause": Cause.PATIENT}),
        "reason_form": ReasonForm(),
        **given,
    }
    return render_page(request, "prepaid/holding.html", context, status=422 if given else 200)


def access_for(request: HttpRequest, code: UUID, word: str) -> Holding:
    """The holding of a step."""
    return selectors.access_holding(request.actor, code, word)


def _offers(request: HttpRequest, package_form: PackageForm, stored_form: StoredValueForm) -> HttpResponse:
    today = clock.today()
    context = {
        "parts": parts(request),
        "rows": [{"offer": one, "price_fen": one.item.price_on(today)} for one in selectors.offers()],
        "package_form": package_form,
        "stored_form": stored_form,
        "may_manage": request.actor.can("prepaid.manage"),
    }
    invalid = stored_form if stored_form.is_bound else package_form
    return render_page(request, "prepaid/offers.html", context, invalid=invalid)


def _month(text: str, today: date) -> date:
    try:
        found = parse_date(f"{text[:7]}-01")
    except ValueError:
        found = None
    return found if found is not None and 2000 <= found.year <= 2100 else today.replace(day=1)
