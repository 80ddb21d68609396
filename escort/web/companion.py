"""The companion's phone: offers, today's order, preparation, service, report."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from escort import selectors, service
from escort.access import access_offer, access_order, companion_of
from escort.models import Milestone, Order
from escort.web import phone
from escort.web.forms import MomentForm, PreparationForm, ReportForm
from escort.web.phone import on_phone
from kernel import clock, parameters
from kernel.errors import Conflict, Malformed, NotFound, RuleRefused
from kernel.ids import uuid7
from kernel.web.formatting import listed
from kernel.web.views import flash, page, polled, redirect_after_post, render_page

STEPS = (
    Milestone.Kind.REGISTERED,
    Milestone.Kind.CONSULTED,
    Milestone.Kind.TESTED,
    Milestone.Kind.REPORT_COLLECTED,
    Milestone.Kind.MEDICINE,
)


@page(permission="escort.serve")
@on_phone
def offers(request: HttpRequest) -> HttpResponse:
    """Open offers, the chosen or the most urgent one in full, and what became of the last ones."""
    wanted = request.GET.get("offer", "")

    def context() -> dict[str, object]:
        companion = companion_of(request.actor)
        rows = phone.offer_rows(companion)
        first = next((row for row in rows if str(row["offer"].code) == wanted), rows[0] if rows else None)
        return {
            "first": first,
            "others": [row for row in rows if row is not first],
            "chosen": wanted if first is not None and str(first["offer"].code) == wanted else "",
            "expiry": parameters.value("escort_offer_expiry_minutes", site=first["order"].site.code) if first else 0,
            "answered": selectors.recently_answered(companion)[:5],
        }

    return polled(
        request,
        "escort/offers.html",
        "escort/_offers.html",
        context,
        drawn_from=lambda: selectors.offered_to(companion_of(request.actor)),
    )


@page(permission="escort.serve", methods=("POST",))
@on_phone
def answer(request: HttpRequest, code: UUID, answer: str) -> HttpResponse:
    """Accept or decline."""
    offer = access_offer(request.actor, code)
    if answer == "accept":
        try:
            assignment = service.accept_offer(by=request.actor, offer=offer)
        except (Conflict, RuleRefused) as error:
            if error.code == "offer_lost":
                return phone.answer_lost(request, offer, error)
            return phone.answer_refused(request, offer, error)
        flash(request, _("The order is yours"))
        return redirect_after_post(request, "escort:my-order", assignment.order.code)
    if answer == "decline":
        service.decline_offer(by=request.actor, offer=offer)
        flash(request, _("Declined. It does not count against you."))
        return redirect_after_post(request, "escort:offers")
    raise NotFound("not_found", _("There is no such answer."))


@page(permission="escort.serve")
@on_phone
def today(request: HttpRequest) -> HttpResponse:
    """The orders one holds, the next one first, and the cards of those that are done."""
    companion = companion_of(request.actor)
    return render_page(
        request,
        "escort/today.html",
        {
            "rows": phone.today_rows(companion),
            "cards": selectors.order_cards(companion)[:20],
            "mark": phone.mark_of(request),
        },
    )


@page(permission="escort.serve")
@on_phone
def order(request: HttpRequest, code: UUID) -> HttpResponse:
    """One order on the phone: what is next, and nothing else in the way."""
    return _shown(request, access_order(request.actor, code))


def _shown(
    request: HttpRequest,
    found: Order,
    *,
    preparation_form: PreparationForm | None = None,
    report_form: ReportForm | None = None,
    status: int = 200,
) -> HttpResponse:
    request.nav_key = "escort-today"  # type: ignore[attr-defined]
    reached = {stone.kind for stone in found.milestones.all()}
    initial = {
        "contacted_note": found.contacted_note,
        "registration_number": found.registration_number,
        "route": found.route,
        "reconfirmed": bool(found.reconfirmed_at),
    }
    preparing = phone.gates(found, preparation_form or PreparationForm(initial=initial))
    context = {
        "order": found,
        "age": found.patient.age_on(clock.today()),
        "gates": preparing,
        "gates_done": sum(1 for gate in preparing if gate["done"]),
        "missing": service.missing_preparation(found),
        "missing_numbers": listed(n for n, gate in enumerate(preparing, start=1) if not gate["done"]),
        "report_form": report_form or ReportForm(),
        "report_due": phone.report_due(found),
        "steps": phone.course(found, STEPS),
        "next_step": next((kind for kind in STEPS if kind not in reached), None),
        "key": uuid7(),
        "end_key": uuid7(),
        "mark": phone.mark_of(request),
    }
    return render_page(request, "escort/my_order.html", context, status=status)


@page(permission="escort.serve", methods=("POST",))
@on_phone
def step(request: HttpRequest, code: UUID, step: str) -> HttpResponse:
    """One step of the companion: prepare, check in, milestone, end, report."""
    found = access_order(request.actor, code)
    actor = request.actor
    if step == "prepare":
        preparation = PreparationForm(request.POST)
        if not preparation.is_valid():
            return _shown(request, found, preparation_form=preparation, status=422)
        service.prepare(by=actor, order=found, **preparation.cleaned_data)
    elif step == "report":
        report = ReportForm(request.POST)
        if not report.is_valid():
            return _shown(request, found, report_form=report, status=422)
        service.file_report(by=actor, order=found, **report.cleaned_data)
        flash(request, _("Report handed in"))
        return redirect_after_post(request, "escort:today")
    else:
        _reach(request, found, step)
    return redirect_after_post(request, "escort:my-order", found.code)


def _reach(request: HttpRequest, found: Order, step: str) -> None:
    form = MomentForm(request.POST)
    if not form.is_valid():
        raise Malformed("entry_malformed", _("The phone sent something that cannot be read. Please try again."))
    said = form.cleaned_data
    key, happened_at = said["key"] or uuid7(), said["happened_at"] or clock.now()
    actor = request.actor
    if step == "check-in":
        service.check_in(by=actor, order=found, key=key, happened_at=happened_at, place=said["place"])
    elif step == "end":
        service.end_service(by=actor, order=found, key=key, happened_at=happened_at)
    else:
        service.reach_milestone(
            by=actor, order=found, kind=step.replace("-", "_"), key=key, happened_at=happened_at, note=said["note"]
        )
