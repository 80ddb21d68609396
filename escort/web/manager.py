"""The manager's desk: board of orders, one order with agreement and offers, companions."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from escort import actions, selectors
from escort.access import access_companion, access_order, not_here
from escort.machines import ORDER
from escort.models import Order
from escort.qualification import reasons_against
from escort.ranking import candidates
from escort.web import desk
from escort.web.forms import AgreementForm, OrderForm, ReasonForm
from kernel import clock, parameters
from kernel.errors import NotFound
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.patients.selectors import access_patient
from services.sites.web.current import site_for


@page(permission=None, reason="the first screen depends on what the person may do")
def home(request: HttpRequest) -> HttpResponse:
    """The agency's first screen: the manager's board, or the companion's offers."""
    if request.actor.can("escort.serve") and not request.actor.can("escort.manage"):
        return redirect("escort:offers")
    if request.actor.can("escort.manage"):
        return redirect("escort:board")
    return redirect("tasks:my-day")


@page(permission="escort.manage")
def board(request: HttpRequest) -> HttpResponse:
    """Orders by what they wait for."""

    def context() -> dict[str, object]:
        now = clock.now()
        columns = desk.tickets(selectors.board(request.actor), now)
        return {
            "columns": columns,
            "alarms": desk.alarms(columns),
            "lanes": desk.lanes(request.actor, now),
            "total": sum(len(column["tickets"]) for column in columns),
        }

    return polled(
        request,
        "escort/board.html",
        "escort/_board.html",
        context,
        drawn_from=lambda: selectors.drawn_from(request.actor),
    )


@page(permission={"GET": "escort.enquire", "POST": "escort.enquire"}, methods=("GET", "POST"))
def new_order(request: HttpRequest) -> HttpResponse:
    """Take in an enquiry."""
    form = OrderForm(request.POST or None, initial={"patient": request.GET.get("patient", "")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        patient = access_patient(request.actor, data.pop("patient"))
        order = actions.take_enquiry(
            by=request.actor, site=site_for(request, "escort.enquire"), patient=patient, **data
        )
        # Nothing more happens to it at the desk: it goes to the manager at once (ES-006).
        actions.forward_enquiry(by=request.actor, order=order)
        flash(request, _("Enquiry %(number)s taken in") % {"number": order.number})
        return (
            redirect_after_post(request, "escort:order", order.code)
            if request.actor.can("escort.manage")
            else redirect_after_post(request, "escort:new")
        )
    context = {"form": form, "client_name": _client_name(request, str(form["patient"].value() or ""))}
    return render_page(request, "escort/new.html", context, invalid=form)


def _client_name(request: HttpRequest, code: str) -> str:
    """Whose order it becomes; empty while nobody is chosen."""
    try:
        return access_patient(request.actor, UUID(code)).name
    except (ValueError, NotFound):
        return ""


@page(permission="escort.manage")
def order(request: HttpRequest, code: UUID) -> HttpResponse:
    """One order: what is agreed, who could serve it, who was asked, what happened."""
    found = access_order(request.actor, code)
    return render_page(request, "escort/order.html", _detail(found))


def _detail(found: Order, agreement_form: AgreementForm | None = None) -> dict[str, object]:
    choosing = found.state in ("agreed", "offered")
    return {
        "order": found,
        "agreement": found.agreements.order_by("-version").first(),
        "agreement_form": agreement_form
        or AgreementForm(initial={"price_fen": found.price_fen or found.item.price_fen}),
        "reason_form": ReasonForm(),
        "may_cancel": "cancelled" in ORDER.targets(found.state),
        "cancel_form": ReasonForm(auto_id="cancel_%s"),
        "candidates": candidates(found) if choosing else [],
        "offers": found.offers.select_related("companion__staff").order_by("-offered_at"),
        "assignment": found.assignments.filter(active=True).select_related("companion__staff").first(),
        "timeline": selectors.timeline(found),
        "feedback": selectors.feedback_of(found),
        "steps": desk.life(found),
        "expiry": parameters.value("escort_offer_expiry_minutes", site=found.site.code),
        "now": clock.now(),
    }


@page(permission="escort.manage", methods=("POST",))
def order_step(request: HttpRequest, code: UUID, step: str) -> HttpResponse:
    """One step of the manager with an order."""
    found = access_order(request.actor, code)
    actor = request.actor
    if step == "forward":
        actions.forward_enquiry(by=actor, order=found)
    elif step == "draft":
        form = AgreementForm(request.POST)
        if not form.is_valid():
            return render_page(request, "escort/order.html", _detail(found, form), invalid=form)
        actions.draft_agreement(by=actor, order=found, **form.cleaned_data)
    elif step in ("sign-customer", "sign-company"):
        actions.sign_agreement(by=actor, order=found, party=step.removeprefix("sign-"))
    elif step == "offer":
        chosen = [access_companion(actor, code) for code in _codes(request.POST.getlist("companion"))]
        actions.offer_order(by=actor, order=found, companions=chosen)
        flash(request, _("Offered to %(count)s") % {"count": len(chosen)})
    elif step == "withdraw":
        actions.withdraw_offers(by=actor, order=found)
    elif step == "release":
        actions.release_companion(by=actor, order=found, reason=request.POST.get("reason", ""))
    elif step == "cancel":
        actions.cancel_order(by=actor, order=found, reason=request.POST.get("reason", ""))
    elif step == "archive":
        actions.archive_order(by=actor, order=found)
    else:
        raise NotFound("not_found", _("There is no such step."))
    return redirect_after_post(request, "escort:order", found.code)


def _codes(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise not_here() from None


@page(permission="escort.manage")
def companions(request: HttpRequest) -> HttpResponse:
    """The companions and what stands against dispatching each of them today."""
    now = clock.now()
    rows = [
        {"companion": companion, "against": reasons_against(companion, at=now, zone=companion.staff.home_site.timezone)}
        for companion in selectors.companions(request.actor).select_related("staff__home_site")
    ]
    return render_page(request, "escort/companions.html", {"rows": rows})
