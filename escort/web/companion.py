"""The companion's phone: offers, today's order, preparation, service, report."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from escort import selectors, service
from escort.access import access_offer, access_order, companion_of
from escort.models import Milestone
from escort.ranking import WORDS
from escort.web.forms import PreparationForm, ReportForm
from kernel import clock
from kernel.errors import NotFound
from kernel.ids import uuid7
from kernel.web.views import flash, page, polled, redirect_after_post, render_page

STEPS = (
    Milestone.Kind.REGISTERED,
    Milestone.Kind.CONSULTED,
    Milestone.Kind.TESTED,
    Milestone.Kind.REPORT_COLLECTED,
    Milestone.Kind.MEDICINE,
)


@page(permission="escort.serve")
def offers(request: HttpRequest) -> HttpResponse:
    """Open offers with their countdown, and what became of the last ones."""

    def context() -> dict[str, object]:
        companion = companion_of(request.actor)
        rows = []
        for offer in selectors.open_offers(companion):
            features = offer.features.get("features", {})
            said = sorted(
                ((present, WORDS[name][0] if present else WORDS[name][1]) for name, present in features.items()),
                key=lambda row: not row[0],
            )
            rows.append({"offer": offer, "order": offer.order, "reasons": said, "age": _decade(offer)})
        return {"rows": rows, "answered": selectors.recently_answered(companion)[:5], "now": clock.now()}

    return polled(request, "escort/offers.html", "escort/_offers.html", context)


def _decade(offer: object) -> int | None:
    """The client's age in decades: before acceptance nobody needs more."""
    patient = offer.order.patient  # type: ignore[attr-defined]
    return patient.age_on(clock.today()) // 10 * 10


@page(permission="escort.serve", methods=("POST",))
def answer(request: HttpRequest, code: UUID, answer: str) -> HttpResponse:
    """Accept or decline."""
    offer = access_offer(request.actor, code)
    if answer == "accept":
        assignment = service.accept_offer(by=request.actor, offer=offer)
        flash(request, _("The order is yours"))
        return redirect_after_post(request, "escort:my-order", assignment.order.code)
    if answer == "decline":
        service.decline_offer(by=request.actor, offer=offer)
        flash(request, _("Declined. It does not count against you."))
        return redirect_after_post(request, "escort:offers")
    raise NotFound("not_found", _("There is no such answer."))


@page(permission="escort.serve")
def today(request: HttpRequest) -> HttpResponse:
    """The orders one holds, the next one first."""
    return render_page(
        request, "escort/today.html", {"orders": selectors.my_orders(companion_of(request.actor)), "now": clock.now()}
    )


@page(permission="escort.serve")
def order(request: HttpRequest, code: UUID) -> HttpResponse:
    """One order on the phone: what is next, and nothing else in the way."""
    found = access_order(request.actor, code)
    reached = {stone.kind: stone for stone in found.milestones.all()}
    initial = {
        "contacted_note": found.contacted_note,
        "registration_number": found.registration_number,
        "route": found.route,
        "reconfirmed": bool(found.reconfirmed_at),
    }
    return render_page(
        request,
        "escort/my_order.html",
        {
            "order": found,
            "missing": service.missing_preparation(found),
            "preparation_form": PreparationForm(initial=initial),
            "report_form": ReportForm(),
            "steps": [{"kind": kind, "label": kind.label, "stone": reached.get(kind)} for kind in STEPS],
            "next_step": next((kind for kind in STEPS if kind not in reached), None),
            "key": uuid7(),
            "now": clock.now(),
        },
    )


@page(permission="escort.serve", methods=("POST",))
def step(request: HttpRequest, code: UUID, step: str) -> HttpResponse:
    """One step of the companion: prepare, check in, milestone, end, report."""
    found = access_order(request.actor, code)
    actor = request.actor
    if step == "prepare":
        form = PreparationForm(request.POST)
        form.is_valid()
        service.prepare(by=actor, order=found, **form.cleaned_data)
    elif step == "report":
        form = ReportForm(request.POST)
        if not form.is_valid():
            return render_page(
                request, "escort/my_order.html", {"order": found, "report_form": form, "now": clock.now()}, status=422
            )
        service.file_report(by=actor, order=found, **form.cleaned_data)
        flash(request, _("Report handed in"))
        return redirect_after_post(request, "escort:today")
    else:
        key = UUID(request.POST["key"]) if request.POST.get("key") else uuid7()
        happened_at = parse_datetime(request.POST.get("happened_at", "")) or clock.now()
        if step == "check-in":
            service.check_in(
                by=actor, order=found, key=key, happened_at=happened_at, place=request.POST.get("place", "")
            )
        elif step == "end":
            service.end_service(by=actor, order=found, key=key, happened_at=happened_at)
        else:
            service.reach_milestone(
                by=actor,
                order=found,
                kind=step.replace("-", "_"),
                key=key,
                happened_at=happened_at,
                note=request.POST.get("note", ""),
            )
    return redirect_after_post(request, "escort:my-order", found.code)
