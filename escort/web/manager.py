"""The manager's desk: board of orders, one order with agreement and offers, companions."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from escort import actions, selectors
from escort.access import access_order
from escort.models import Companion
from escort.qualification import reasons_against
from escort.ranking import candidates
from escort.web.forms import AgreementForm, OrderForm, ReasonForm
from kernel import clock, parameters
from kernel.errors import NotFound
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.patients.selectors import access_patient
from services.sites.web.current import site_for

GROUP_WORDS = {
    "unassigned": gettext_noop("Nobody assigned yet"),
    "offered": gettext_noop("Waiting for an answer"),
    "coming": gettext_noop("Coming up"),
    "running": gettext_noop("In service"),
    "unreported": gettext_noop("Report missing"),
    "reported": gettext_noop("To be archived"),
}


@page(permission=None, reason="the first screen depends on what the person may do")
def home(request: HttpRequest) -> HttpResponse:
    """The agency's first screen: the manager's board, or the companion's offers."""
    if request.actor.can("escort.serve") and not request.actor.can("escort.manage"):
        return redirect("escort:offers")
    if request.actor.can("escort.manage"):
        return redirect("escort:board")
    return redirect("tasks:inbox")


@page(permission="escort.manage")
def board(request: HttpRequest) -> HttpResponse:
    """Orders by what they wait for."""

    def context() -> dict[str, object]:
        groups = selectors.board(request.actor)
        return {
            "groups": [{"key": key, "label": _(GROUP_WORDS[key]), "orders": orders} for key, orders in groups.items()],
            "total": sum(len(orders) for orders in groups.values()),
            "now": clock.now(),
        }

    return polled(request, "escort/board.html", "escort/_board.html", context)


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
        if request.actor.can("escort.manage"):
            actions.forward_enquiry(by=request.actor, order=order)
        flash(request, _("Enquiry %(number)s taken in") % {"number": order.number})
        return (
            redirect_after_post(request, "escort:order", order.code)
            if request.actor.can("escort.manage")
            else redirect_after_post(request, "escort:new")
        )
    return render_page(request, "escort/new.html", {"form": form}, invalid=form)


@page(permission="escort.manage")
def order(request: HttpRequest, code: UUID) -> HttpResponse:
    """One order: what is agreed, who could serve it, who was asked, what happened."""
    found = access_order(request.actor, code)
    choosing = found.state in ("agreed", "offered")
    return render_page(
        request,
        "escort/order.html",
        {
            "order": found,
            "agreement": found.agreements.order_by("-version").first(),
            "agreement_form": AgreementForm(initial={"price_fen": found.price_fen or found.item.price_fen}),
            "reason_form": ReasonForm(),
            "candidates": candidates(found) if choosing else [],
            "offers": found.offers.select_related("companion__staff").order_by("-offered_at"),
            "assignment": found.assignments.filter(active=True).select_related("companion__staff").first(),
            "timeline": selectors.timeline(found),
            "expiry": parameters.value("escort_offer_expiry_minutes", site=found.site.code),
            "now": clock.now(),
        },
    )


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
            return render_page(request, "escort/order.html", {"order": found, "agreement_form": form}, status=422)
        actions.draft_agreement(by=actor, order=found, **form.cleaned_data)
    elif step in ("sign-customer", "sign-company"):
        actions.sign_agreement(by=actor, order=found, party=step.removeprefix("sign-"))
    elif step == "offer":
        chosen = Companion.objects.filter(code__in=request.POST.getlist("companion"))
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


@page(permission="escort.manage")
def companions(request: HttpRequest) -> HttpResponse:
    """The companions and what stands against dispatching each of them today."""
    now = clock.now()
    rows = [
        {"companion": companion, "against": reasons_against(companion, at=now, zone=companion.staff.home_site.timezone)}
        for companion in selectors.companions(request.actor).select_related("staff__home_site")
    ]
    return render_page(request, "escort/companions.html", {"rows": rows})
