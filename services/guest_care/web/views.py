"""Pages of guest care: guests now, one guest, what is kept, the queue and its screen, the report."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import audit
from kernel.access import holds
from kernel.context import Actor
from kernel.web.views import page, polled, render_page
from services.guest_care import selectors
from services.guest_care.models import (
    AdviceSeeker,
    CareItem,
    ConsultantReception,
    Introduction,
    Luggage,
    OpenQuestion,
    Opinion,
    PriceEnquiry,
    SpecialRequest,
    Ticket,
    TreatmentReminder,
)
from services.guest_care.queue import open_fault
from services.guest_care.reading import number_to_call
from services.guest_care.web.entries import ENTRIES, offered
from services.guest_care.web.forms import (
    AnswerForm,
    CarryForm,
    CloseRequestForm,
    PeriodForm,
    PlaceForm,
    ReasonForm,
    RemarkForm,
    ResultForm,
)
from services.guest_care.web.slots import moments_of
from services.reception import selectors as reception
from services.reception.models import Visit
from services.reception.waits import only_vertical
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for

PER_PAGE = 50
LONGEST_PERIOD = timedelta(days=92)
WORDS = ("log", "pass", "introduce", "observe", "remind", "hand_over", "inject", "answer", "acknowledge", "carry_over",
         "queue", "report", "manage", "read_observations")  # fmt: skip
Moment = CareItem.Moment


@page(permission="guest_care.view")
def now(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "guest_care.view")
    return polled(
        request,
        "guest_care/now.html",
        "guest_care/_now.html",
        lambda: _now(request, site),
        drawn_from=lambda: selectors.drawn_from(site),
    )


def _now(request: HttpRequest, site: Site) -> dict[str, Any]:
    may = may_at(request, site)
    return {
        "site": site,
        "now": selectors.guests_now(site),
        "may": may,
        "may_check_in": holds(request.actor, "reception.check_in", site=site.code),
        "entries": offered(request),
        "quick": [one for one in selectors.care_items(only_vertical(), moments=(Moment.WAITING,)) if one.is_step],
        "before": [one for one in selectors.care_items(only_vertical(), moments=(Moment.BEFORE,)) if one.is_step],
        "off": next((one for one in selectors.care_items(moments=(Moment.LEAVING,)) if one.key == "seen-off"), None),
    }


@page(permission="guest_care.view")
def visit(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_visit(request.actor, code)
    return render_page(request, "guest_care/visit.html", visit_context(request, found))


def visit_context(request: HttpRequest, found: Visit) -> dict[str, Any]:
    """Everything that was done for one guest, what is missing in the course of the visit, and what can be noted."""
    care = selectors.care_of(found)
    done = {one.item_id for one in care.steps}
    steps = [
        (one, one.pk in done)
        for one in selectors.care_items(found.vertical)
        if one.is_step and one.moment != Moment.BEFORE and (one.repeats or one.pk not in done)
    ]
    return {
        "visit": found,
        "site": found.site,
        "may": may_at(request, found.site),
        "look": reception.LOOKS[found.state],
        "care": care,
        "course": selectors.course(found, care),
        "steps": steps,
        "timeline": sorted([*reception.timeline(found), *moments_of(care)], key=lambda item: item["at"]),
        "entries": [one for one in offered(request) if "visit" in one.form.base_fields],
        "reason_form": ReasonForm(auto_id="reason_%s"),
    }


KINDS: dict[str, tuple[Any, str | Promise, str]] = {
    "luggage": (Luggage, gettext_lazy("Luggage"), "description"),
    "questions": (OpenQuestion, gettext_lazy("Questions to doctors"), "question"),
    "requests": (SpecialRequest, gettext_lazy("Special requests"), "words"),
    "opinions": (Opinion, gettext_lazy("Opinions"), "words"),
    "advice": (AdviceSeeker, gettext_lazy("Advice-seekers"), "question"),
    "prices": (PriceEnquiry, gettext_lazy("Price enquiries"), "question"),
    "receptions": (ConsultantReception, gettext_lazy("Received by consultants"), "need"),
    "introductions": (Introduction, gettext_lazy("Handed over to doctors"), "purpose"),
}
PAGES = {"questions": "question", "requests": "request", "opinions": "opinion", "advice": "advice"}
ENTRY_OF = {"luggage": "luggage", "questions": "question", "requests": "request", "opinions": "opinion",
            "advice": "advice", "prices": "price", "receptions": "reception", "introductions": "introduction"}  # fmt: skip


@page(permission="guest_care.view")
def kept(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    site = site_for(request, "guest_care.view")
    model, title, words = KINDS[kind]
    shown = Paginator(selectors.rows_for(request.actor, model).filter(site=site), PER_PAGE).get_page(
        request.GET.get("page")
    )
    entry = ENTRIES[ENTRY_OF[kind]]
    context = {
        "site": site,
        "title": title,
        "rows": shown,
        "lines": [_line_of(kind, row, words) for row in shown],
        "tabs": [
            {"key": key, "label": label, "url": reverse("guest_care:kept", args=[key])}
            for key, (_model, label, _words) in KINDS.items()
        ],
        "kind": kind,
        "entry": entry if request.actor.can(entry.word) else None,
    }
    return render_page(request, "guest_care/kept.html", context)


def _line_of(kind: str, row: Any, words: str) -> dict[str, Any]:
    guest = row.visit.patient.name if row.visit is not None else ""
    name = guest or getattr(row, "owner", "") or getattr(row, "guest_name", "") or getattr(row, "name", "")
    if isinstance(row, PriceEnquiry):
        state = row.get_outcome_display()
    elif isinstance(row, (ConsultantReception, Introduction)):
        state = ""
    else:
        state = row.get_state_display()
    return {
        "at": row.at,
        "title": f"{row.tag} {name}" if isinstance(row, Luggage) else name,
        "text": getattr(row, words),
        "state": state,
        "who": row.by_name,
        "url": reverse(f"guest_care:{PAGES[kind]}", args=[row.code]) if kind in PAGES else "",
    }


@page(permission="guest_care.view")
def question(request: HttpRequest, code: UUID) -> HttpResponse:
    return show_row(request, selectors.access_row(request.actor, OpenQuestion, code))


@page(permission="guest_care.view")
def request_page(request: HttpRequest, code: UUID) -> HttpResponse:
    return show_row(request, selectors.access_row(request.actor, SpecialRequest, code))


@page(permission="guest_care.view")
def opinion(request: HttpRequest, code: UUID) -> HttpResponse:
    return show_row(request, selectors.access_row(request.actor, Opinion, code))


@page(permission="guest_care.view")
def advice(request: HttpRequest, code: UUID) -> HttpResponse:
    return show_row(request, selectors.access_row(request.actor, AdviceSeeker, code))


def show_row(request: HttpRequest, row: Any, **given: Any) -> HttpResponse:
    """One entry with what can be done about it; ``form`` is one that came back, ``refusal`` what stood against it."""
    may = may_at(request, row.site)
    title, said, facts, acts, kind = _shown(request.actor, row, may, given.get("form"))
    refusal = given.get("refusal")
    context = {"row": row, "site": row.site, "title": title, "said": said, "facts": facts, "acts": acts, "kind": kind,
               "refusal": refusal}  # fmt: skip
    status = refusal.status if refusal is not None else 200
    return render_page(request, "guest_care/row.html", context, status=status, invalid=given.get("form"))


def _shown(
    actor: Actor, row: Any, may: dict[str, bool], bound: Any
) -> tuple[Any, str, list[Any], list[dict[str, Any]], str]:
    def act(name: str, label: str, form: Any = None, *, primary: bool = False) -> dict[str, Any]:
        came_back = None if form is None else bound if isinstance(bound, form) else form()
        return {"url": reverse(f"guest_care:{name}", args=[row.code]), "label": label, "form": came_back,
                "kind": "primary" if primary else "secondary"}  # fmt: skip

    if isinstance(row, OpenQuestion):
        facts = [(_("Doctor"), row.doctor.name), (_("Guest"), row.guest_name), (_("State"), row.get_state_display())]
        if row.answer:
            facts += [(_("Answer"), row.answer), (_("Answered by"), row.answered_by_name)]
        if row.carried_at:
            facts += [(_("Carried over"), f"{row.carried_reason} · {row.carried_by_name}")]
        acts = []
        if row.state == "asked" and may["answer"]:
            acts.append(act("answer", _("Answer"), AnswerForm, primary=True))
        if row.state == "answered" and may["log"]:
            acts.append(act("told", _("Answer brought back"), primary=True))
        if row.state != "told" and may["carry_over"]:
            acts.append(act("carry-over", _("Carry over"), CarryForm))
        return _("Question to a doctor"), row.question, facts, acts, "questions"
    if isinstance(row, SpecialRequest):
        facts = [
            (_("About"), row.get_kind_display()),
            (_("Guest"), row.guest_name),
            (_("State"), row.get_state_display()),
        ]
        if row.closed_at:
            facts += [
                (_("Closed by"), row.closed_by_name),
                (_("Why not"), row.get_unmet_reason_display()),
                (_("Remark"), row.remark),
            ]
        acts = [act("met", _("Met"), primary=True), act("unmet", _("Cannot be met"), CloseRequestForm)]
        return _("Special request"), row.words, facts, acts if may["log"] and row.state == "open" else [], "requests"
    if isinstance(row, Opinion):
        facts = [
            (_("Who says it"), f"{row.get_speaker_display()} {row.speaker_name}"),
            (_("State"), row.get_state_display()),
        ]
        if row.acknowledged_at:
            facts += [(_("Acknowledged by"), row.acknowledged_by_name), (_("What follows"), row.remark)]
        acts = [act("acknowledge", _("Acknowledge"), RemarkForm, primary=True)]
        return _("Opinion"), row.words, facts, acts if may["acknowledge"] and row.state == "taken" else [], "opinions"
    phone = number_to_call(actor, row)
    facts = [(_("Name"), row.name), (_("Phone"), phone), (_("Answer"), row.answer), (_("Department"), row.department),
             (_("Follow up on"), row.follow_up_on), (_("State"), row.get_state_display()), (_("What came of it"), row.result)]  # fmt: skip
    acts = [act("followed", _("Followed up"), ResultForm, primary=True)]
    return _("Advice-seeker"), row.question, facts, acts if may["log"] and row.state == "follow_up" else [], "advice"


@page(permission="guest_care.view")
def flags(request: HttpRequest) -> HttpResponse:
    """Who still needs a prescription or an injection: a part of the treatment area's screen, polled apart."""
    site = site_for(request, "guest_care.view")
    return polled(
        request,
        "guest_care/flags.html",
        "guest_care/_flags.html",
        lambda: {"rows": selectors.reminders_at(site)},
        drawn_from=lambda: [
            TreatmentReminder.objects.filter(site=site, state="open"),
            Visit.objects.filter(site=site, state__in=reception.HERE),
        ],
    )


@page(permission="guest_care.view")
def queue_page(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "guest_care.view")

    def context() -> dict[str, Any]:
        tickets = selectors.queue(site)
        return {
            "site": site,
            "tickets": tickets,
            "fault": open_fault(site),
            "may": may_at(request, site),
            "place_form": PlaceForm(),
            "without": _without_number(site, tickets),
        }

    return polled(
        request,
        "guest_care/queue.html",
        "guest_care/_queue.html",
        context,
        drawn_from=lambda: selectors.drawn_from(site),
    )


def _without_number(site: Site, tickets: list[Ticket]) -> list[Visit]:
    """Who waits and has no number yet."""
    held = {ticket.visit_id for ticket in tickets}
    return [line.visit for line in reception.waiting_list(site) if line.visit.pk not in held]


@page(permission="guest_care.view")
def screen(request: HttpRequest) -> HttpResponse:
    """What the screen in the waiting area shows: numbers and places, no names."""
    site = site_for(request, "guest_care.view")

    def context() -> dict[str, Any]:
        tickets = selectors.queue(site)
        called = [(one, one.calls.order_by("-at", "-id").first()) for one in tickets if one.state == "called"]
        return {"site": site, "called": called, "waiting": [one for one in tickets if one.state == "waiting"]}

    return polled(
        request,
        "guest_care/screen.html",
        "guest_care/_screen.html",
        context,
        drawn_from=lambda: selectors.drawn_from(site),
    )


@page(permission="guest_care.view")
def items(request: HttpRequest) -> HttpResponse:
    context = {
        "rows": CareItem.objects.order_by("vertical", "order"),
        "may_manage": request.actor.can("guest_care.manage"),
    }
    return render_page(request, "guest_care/items.html", context)


@page(permission="guest_care.report")
def report(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "guest_care.report")
    first, last = _period(request, site)
    context = {
        "site": site,
        "form": PeriodForm(initial={"first": first, "last": last}),
        "first": first,
        "last": last,
        "rows": selectors.punctuality(site, first, last),
        "figures": [(label, figures[key]) for figures in [selectors.service_figures(site, first, last)]
                    for key, label in figure_labels().items()],
        "unled": selectors.unled(site, last),
        "csv_url": f"{reverse('guest_care:report-csv')}?first={first.isoformat()}&last={last.isoformat()}",
    }  # fmt: skip
    return render_page(request, "guest_care/report.html", context)


@page(permission="guest_care.report")
def report_csv(request: HttpRequest) -> HttpResponse:
    """The times as CSV: per person and day, medians in seconds, with n."""
    site = site_for(request, "guest_care.report")
    first, last = _period(request, site)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="times-{first.isoformat()}-{last.isoformat()}.csv"'
    response.write("\ufeff")
    table = csv.writer(response)
    table.writerow([_("Day"), _("Staff member"), _("Arrival to registration (s, median)"), "n",
                    _("Arrival to seat (s, median)"), "n"])  # fmt: skip
    for row in selectors.punctuality(site, first, last):
        table.writerow([row.day.isoformat(), _safe(row.name), _blank(row.registered), row.registered_n,
                        _blank(row.seated), row.seated_n])  # fmt: skip
    audit.record(by=request.actor, verb="guest_care.times_exported", target=site, site=site.code)
    return response


def figure_labels() -> dict[str, str]:
    """What the counts of the report are called, in its order."""
    return {
        "visits": _("Visits"),
        "registered": _("Guests registered"),
        "led_in": _("Led to a room"),
        "unled": _("Registered and led to no room"),
        "introduced": _("Handed over with introduction"),
        "seen_off": _("Seen off"),
        "price_enquiries": _("Price enquiries"),
    }


def may_at(request: HttpRequest, site: Site) -> dict[str, bool]:
    """What this person may do at the site, by the second half of the word."""
    return {word: holds(request.actor, f"guest_care.{word}", site=site.code) for word in WORDS}


def _period(request: HttpRequest, site: Site) -> tuple[date, date]:
    """The days that were asked for, three months at most; today if none was, or if it makes no sense."""
    form = PeriodForm(request.GET)
    day = today(site)
    if not form.is_valid():
        return day, day
    first, last = form.cleaned_data["first"], min(form.cleaned_data["last"], day)
    return (first, last) if first <= last <= first + LONGEST_PERIOD else (day, day)


def _blank(value: int | None) -> str:
    return "" if value is None else str(value)


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
