"""What the companion's pages show: offers with their reasons, the steps before a service, answers that came too late."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from escort import selectors, service
from escort.models import Companion, Milestone, Offer, Order
from escort.qualification import MISSING, REQUIRED, reasons_against
from escort.ranking import WORDS
from escort.web.forms import PreparationForm
from kernel import clock, parameters
from kernel.errors import DomainError
from kernel.web import formatting, refusals
from kernel.web.views import render_page
from services.staff.selectors import staff_of

NEAR = timedelta(minutes=1)
TODAY_ORDER = ("in_service", "ready", "accepted", "service_ended", "reported")


def on_phone(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refusals of this page appear in the phone's frame."""

    @functools.wraps(view)
    def run(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.frame = "base_phone.html"  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return run


@dataclass(frozen=True, slots=True)
class Mark:
    """Who looks at a page with a client on it, and when: told on the page itself, so that a photograph or a printout says
    where it comes from (CR-015)."""

    name: str
    number: str
    at: datetime


def mark_of(request: HttpRequest) -> Mark:
    """The mark of the person who is signed in, now."""
    actor = request.actor  # type: ignore[attr-defined]
    staff = staff_of(actor)
    return Mark(actor.name, staff.number if staff is not None else actor.username, clock.now())


def offer_rows(companion: Companion) -> list[dict[str, object]]:
    """The open offers: why each came, and what would still stand in the way."""
    rows = []
    for offer in selectors.open_offers(companion):
        features = offer.features.get("features", {})
        said = sorted(
            ((present, WORDS[name][0] if present else WORDS[name][1]) for name, present in features.items()),
            key=lambda row: not row[0],
        )
        missing = [MISSING[reason["code"]] for reason in offer.conditional if reason["code"] in MISSING]
        rows.append({"offer": offer, "order": offer.order, "reasons": said, "missing": missing, "age": decade(offer)})
    return rows


def decade(offer: Offer) -> int | None:
    """The client's age in decades: before acceptance nobody needs more."""
    age = offer.order.patient.age_on(clock.today())
    return age // 10 * 10 if age is not None else None


def today_rows(companion: Companion) -> list[dict[str, object]]:
    """The orders one holds, each with the one word that says what is next: what runs, what comes, what is to be written."""
    rows = []
    for order in sorted(selectors.my_orders(companion), key=_urgency):
        word, tone, due = order.get_state_display(), "", None  # type: ignore[attr-defined]
        if order.state == "accepted":
            left = len(service.missing_preparation(order))
            word, tone = _("Preparation %(done)s/4") % {"done": 4 - left}, "warn"
        elif order.state == "service_ended":
            due = report_due(order)
        elif order.state in ("ready", "in_service"):
            tone = "ok"
        rows.append({"order": order, "word": word, "tone": tone, "due": due})
    return rows


def _urgency(order: Order) -> tuple[int, datetime]:
    # What is coming stands in the order of its times, whether it is prepared or not.
    state = "ready" if order.state == "accepted" else order.state
    return TODAY_ORDER.index(state), order.starts_at


def report_due(order: Order) -> datetime | None:
    """Until when the report is on time."""
    if order.ended_at is None:
        return None
    return order.ended_at + timedelta(
        hours=parameters.value("escort_report_hours", at=order.ended_at, site=order.site.code)
    )


def gates(order: Order, form: PreparationForm) -> list[dict[str, object]]:
    """The four steps of the preparation; the first that is open stands open."""
    site = order.site
    reconfirmed = formatting.hhmm(order.reconfirmed_at, site) if order.reconfirmed_at else ""
    said = (
        ("contacted_note", _("Talk to the client"), order.contacted_note, _("Keep what the client said")),
        ("registration_number", _("Hospital registration"), order.registration_number, _("Keep the number")),
        ("route", _("Surroundings and route"), order.route, _("Keep the route")),
        ("reconfirmed", _("Confirm time and place again"), reconfirmed, _("Time and place are confirmed")),
    )
    missing = service.missing_preparation(order)
    wrong = next((name for name, *_rest in said if form.is_bound and form.errors.get(name)), "")
    first = wrong or (missing[0] if missing else "")
    return [
        {
            "name": name,
            "label": label,
            "note": note,
            "act": act,
            "done": name not in missing,
            "open": name == first,
            "field": form[name],
        }
        for name, label, note, act in said
    ]


def course(order: Order, kinds: tuple[Milestone.Kind, ...]) -> list[dict[str, object]]:
    """The service from meeting the client to the last step, with the time of each that was reached."""
    reached = {stone.kind: stone for stone in order.milestones.all()}
    rows = []
    for kind in (Milestone.Kind.CHECKED_IN, *kinds):
        stone = reached.get(kind)
        rows.append(
            {
                "kind": kind,
                "label": kind.label,
                "stone": stone,
                "note": stone.note if stone else "",
                "late": order.late_minutes if kind == Milestone.Kind.CHECKED_IN else None,
            }
        )
    return rows


def answer_lost(request: HttpRequest, offer: Offer, error: DomainError) -> HttpResponse:
    """Somebody else was first: the two moments, what does not follow from it, and what is still open."""
    order = offer.order
    first = datetime.fromisoformat(str(error.facts["accepted_at"])) if error.facts.get("accepted_at") else None
    now = clock.now()
    apart = now - first if first is not None else None
    context = {
        "order": order,
        "rows": offer_rows(offer.companion),
        "first_at": _tenths(first, order) if first is not None and apart is not None and apart <= NEAR else "",
        "own_at": _tenths(now, order),
        "gap": f"{apart.total_seconds():.1f}" if apart is not None and timedelta(0) < apart <= NEAR else "",
    }
    response = render_page(request, "escort/lost.html", context, status=error.status)
    return refusals.mark_refusal(response, refusals.describe(error, request))


def answer_refused(request: HttpRequest, offer: Offer, error: DomainError) -> HttpResponse:
    """What still stands between the companion and this order, paper by paper."""
    refusal = refusals.describe(error, request)
    order = Order.objects.get(pk=offer.order_id)
    papers = _papers(offer.companion, order) if error.code == "companion_not_qualified" else []
    context = {
        "refusal": refusal,
        "papers": papers,
        "missing": sum(1 for paper in papers if paper["against"]),
        "still_open": order.state == "offered" and offer.state == "open" and error.code != "offer_expired",
    }
    return refusals.mark_refusal(render_page(request, "escort/not_yet.html", context, status=error.status), refusal)


def _papers(companion: Companion, order: Order) -> list[dict[str, object]]:
    against = {
        reason.code: reason
        for reason in reasons_against(companion, at=order.starts_at, until=order.ends_at, zone=order.site.timezone)
    }
    held = list(companion.qualifications.all())
    rows: list[dict[str, object]] = []
    for kind in REQUIRED:
        reason = against.pop(f"{kind}_missing", None) or against.pop(f"{kind}_expired", None)
        until = max((paper.valid_until for paper in held if paper.kind == kind and paper.valid_until), default=None)
        rows.append(
            {
                "label": kind.label,
                "against": reason.text if reason else "",
                "since": reason.since if reason else "",
                "until": until,
            }
        )
    rows += [{"label": reason.text, "against": _("ask the manager"), "since": ""} for reason in against.values()]
    return sorted(rows, key=lambda row: not row["against"])


def _tenths(moment: datetime, order: Order) -> str:
    local = clock.local(moment, order.site.timezone)
    return f"{local:%H:%M:%S}.{local.microsecond // 100_000}"
