"""Pages of the front desk: the one-screen board, check-in, a visit, the doctor's day, the chairs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import clock, registry
from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.addresses import addresses
from kernel.web.slots import slot_items
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.appointments.assignment import propose, walk_in
from services.appointments.board import Stage, day_board
from services.appointments.models import Appointment
from services.appointments.selectors import card_of_visit, expected_on, name_on_the_day, next_of_patient
from services.appointments.slots import best_slots, unit
from services.appointments.web.views import counts_of
from services.patients.models import Patient
from services.patients.selectors import access_patient
from services.policy import gates
from services.reception import selectors
from services.reception.actions import CHAIR_FREE
from services.reception.actions import check_in as check_in_action
from services.reception.classes import SETTLED, Case, Proposal, classes_of, propose_bookings, propose_for
from services.reception.machine import HOLDS_CHAIR, MACHINE, UNSEEN, WAITS
from services.reception.models import Visit
from services.reception.web.cards import draw_cards
from services.reception.web.forms import (
    AnnounceForm,
    CardForm,
    CheckInForm,
    ClassForm,
    EmergencyForm,
    ExplainForm,
    LeadInForm,
    OpinionForm,
    OverrideForm,
    ReasonForm,
    RebookForm,
)
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for
from services.staff.selectors import staff_of
from services.tasks.selectors import WORK, Line, first_tasks, lines_of, visible_tasks

TASKS_SHOWN = 6


@page(permission="reception.view")
def board(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "reception.view")
    # A part belongs to the polling of the page; in the address bar it is the page.
    polls = bool(getattr(request, "htmx", None)) or "X-Poll" in request.headers
    part = request.GET.get("part", "") if polls else ""
    template = {"queue": "reception/_queue.html", "board": "reception/_board.html"}.get(part, "reception/_board.html")
    return polled(
        request,
        "reception/board.html",
        template,
        lambda: _desk(request, site, part),
        drawn_from=lambda: [*selectors.drawn_from(site, today(site)), *_tasks(request)],
    )


@page(permission="reception.check_in", methods=("GET", "POST"))
def check_in(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "reception.check_in")
    form = CheckInForm(request.POST if request.method == "POST" else None, site=site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            visit = check_in_action(by=request.actor, site=site, **form.facts())
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("%(name)s is registered; the wait clock runs") % {"name": visit.patient.name})
            return redirect_after_post(request, _goes_on(request, visit))
    patient = _asked_patient(request)
    expected = list(expected_on(site, today(site)))
    name_on_the_day(site, expected)
    context = {
        "site": site,
        "form": form,
        "refusal": refusal,
        "expected": expected,
        "patient": patient,
        "proposal": proposed_at_the_door(site, expected, patient),
        **_walk_in(site, patient),
    }
    template = "reception/_check_in.html" if getattr(request, "htmx", None) else "reception/check_in.html"
    status = refusal.status if refusal is not None else 200
    return render_page(request, template, context, status=status, invalid=form)


@page(permission="reception.view")
def visit(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_visit(request.actor, code)
    return render_page(request, "reception/visit.html", visit_context(request, found))


@page(permission="reception.treat")
def doctor(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "reception.treat")
    return polled(
        request,
        "reception/doctor.html",
        "reception/_doctor.html",
        lambda: _doctor(request, site),
        drawn_from=lambda: selectors.drawn_from(site, today(site)),
    )


@page(permission="reception.view")
def chairs(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "reception.view")
    return polled(
        request,
        "reception/chairs.html",
        "reception/_chairs.html",
        lambda: _chairs(request, site),
        drawn_from=lambda: selectors.drawn_from(site, today(site)),
    )


def visit_context(request: HttpRequest, found: Visit, **given: Any) -> dict[str, Any]:
    """Everything the page of a visit shows; ``given`` are forms that came back with errors, and a refusal."""
    actor, site = request.actor, found.site
    may = {word: holds(actor, f"reception.{word}", site=site.code) for word in MAY}
    may_override = gates.may_override(actor, CHAIR_FREE, site)
    waits = found.state in WAITS
    lines = selectors.waiting_list(site) if waits else []
    line = next((one for one in lines if one.visit.pk == found.pk), None)
    card = card_of_visit(found.code)
    return {
        "visit": found,
        "site": site,
        "word": selectors.visit_word(found.vertical),
        "look": selectors.LOOKS[found.state],
        "state_label": MACHINE.label(found.state),
        "line": line,
        "waits": waits,
        "unseen": found.state in UNSEEN,
        "holds_chair": found.state in HOLDS_CHAIR,
        "may": may,
        "may_override": may_override and line is not None and line.blocked_by is not None,
        "unexplained": selectors.is_unexplained(found) and selectors.is_measured(found),
        "end_reason": selectors.end_reason(found),
        "timeline": sorted(
            [*selectors.timeline(found), *slot_items("visit.timeline", request, visit=found)],
            key=lambda item: item["at"],
        ),
        "card": card,
        "may_write_card": holds(actor, "appointments.write_card", site=site.code)
        and (card is None or card.state != "booked")
        and not found.ended_at,
        "next_booked": next_of_patient(found.patient),
        "proposals": best_slots(
            site=site,
            doctor=found.doctor,
            length=(found.appointment.units if found.appointment is not None else 1) * unit(site),
            after=clock.now(),
        )
        if waits and may["check_in"]
        else [],
        "announce_form": given.get("announce_form") or AnnounceForm(),
        "opinion_form": given.get("opinion_form") or OpinionForm(),
        "explain_form": given.get("explain_form") or ExplainForm(),
        "lead_in_form": given.get("lead_in_form") or LeadInForm(site=site, initial=_chair_of(found)),
        "override_form": given.get("override_form") or OverrideForm(),
        "left_form": given.get("left_form") or ReasonForm(),
        "emergency_form": given.get("emergency_form") or EmergencyForm(site=site),
        "rebook_form": given.get("rebook_form") or RebookForm(site=site, initial={"doctor": found.doctor.code}),
        "card_form": given.get("card_form") or CardForm(),
        **_class_of(found, given, may["classify"]),
        "refusal": given.get("refusal"),
    }


MAY = ("check_in", "classify", "explain", "lead_in", "treat", "leave_area", "close")


def _tasks(request: HttpRequest) -> list[QuerySet[Any]]:
    return [visible_tasks(request.actor)] if holds(request.actor, WORK) else []


def _desk(request: HttpRequest, site: Site, part: str) -> dict[str, Any]:
    day, now = today(site), clock.now()
    may = {word: holds(request.actor, f"reception.{word}", site=site.code) for word in MAY}
    context: dict[str, Any] = {"site": site, "day": day, "now": now, "may": may}
    people, visits = selectors.desk_visits(site, day)
    # What the rail counts of who is here needs no query of its own on this page.
    request.desk = (site, people)
    if part != "queue":
        address = addresses("reception:visit")
        pages = {one.appointment_id: address(one.code) for one in visits}
        stages = {
            booking: Stage(look, note, pages[booking]) for booking, (look, note) in selectors.stages_of(visits).items()
        }
        may_book = holds(request.actor, "appointments.book", site=site.code)
        drawn = day_board(site, day, stages=stages, may_move=may_book, now=now)
        figures = selectors.figures(visits, walk_ins_only=True)
        counts = {
            key: drawn.counts.get(key, 0) + figures.states.get(key, 0) for key in {*drawn.counts, *figures.states}
        }
        context |= {
            "board": drawn,
            "counts": counts_of(counts),
            "total": sum(counts.values()),
            "unexplained": figures.unexplained,
            "median_wait": figures.median_wait,
            "excluded": figures.excluded,
            "may_book": may_book,
        }
    if part != "board":
        tasks, request.tasks_due = first_tasks(request.actor, TASKS_SHOWN + 1)
        shown: list[Line] = lines_of(tasks[:TASKS_SHOWN], now=now)
        waiting = selectors.waiting_list(site, visits=people, now=now)
        context |= {
            "waiting": waiting,
            "cards": draw_cards(waiting, may=may, token=get_token(request), now=now),
            "arrived": selectors.to_register(people),
            "leaving": [one for one in people if one.state == "finished"],
            "tasks": shown,
            "more_tasks": len(tasks) > TASKS_SHOWN,
        }
    return context


def _doctor(request: HttpRequest, site: Site) -> dict[str, Any]:
    me = staff_of(request.actor)
    day = today(site)
    rows = selectors.of_doctor(me, site, day) if me is not None else []
    expected = [one for one in expected_on(site, day) if me is not None and one.doctor_id == me.pk]
    waiting = {one.visit.pk: one for one in selectors.waiting_list(site)}
    return {
        "site": site,
        "me": me,
        "inside": [one for one in rows if one.state in HOLDS_CHAIR],
        "waiting": [waiting[one.pk] for one in rows if one.pk in waiting],
        "expected": expected,
        "done": [one for one in rows if one.state not in (*HOLDS_CHAIR, *UNSEEN)],
        "now": clock.now(),
    }


def _chairs(request: HttpRequest, site: Site) -> dict[str, Any]:
    may = {word: holds(request.actor, f"reception.{word}", site=site.code) for word in MAY}
    return {"site": site, "lines": selectors.chair_board(site), "may": may}


def proposed_at_the_door(site: Site, expected: list[Appointment], patient: Patient | None) -> Proposal | None:
    """Mark each expected booking with the class that the history proposes (``proposed_class``), and answer for the
    patient who stands there without one."""
    for one in expected:
        one.proposed_class = ""  # type: ignore[attr-defined]
    asked: Proposal | None = None
    for line in registry.active_verticals():
        known = classes_of(line.key)
        if known is None:
            continue
        if patient is not None:
            asked = asked or known.propose([Case(patient, today(site))])[0]
            continue
        proposals = propose_bookings(expected, known)
        for one in expected:
            if one.pk in proposals:
                one.proposed_class = known.classes[proposals[one.pk].visit_class]  # type: ignore[attr-defined]
    return asked


def _class_of(found: Visit, given: dict[str, Any], may: bool) -> dict[str, Any]:
    """The class of a visit, the proposal with its why, and the form; nothing where visits have no classes."""
    known = classes_of(found.vertical)
    if known is None:
        return {}
    proposal = propose_for(found, known)
    chosen = found.visit_class if found.visit_class in known.classes else proposal.visit_class
    form = given.get("class_form") or ClassForm(known=known, initial={"visit_class": chosen})
    return {
        "class_label": known.classes.get(found.visit_class, ""),
        "class_proposal": proposal,
        "class_proposed_label": known.classes[proposal.visit_class],
        "class_form": form if may and found.state not in SETTLED else None,
    }


def _walk_in(site: Site, patient: Any) -> dict[str, Any]:
    """Whom the rules propose for a walk-in, explained, and who has the shortest queue."""
    case = walk_in(site=site, patient=patient, unavailable=selectors.with_guests(site))
    return {"proposed": propose(case), "shortest": selectors.suggested_doctor(site)}


def _goes_on(request: HttpRequest, visit: Visit) -> str:
    """Where the desk goes on after registering: where another room needs it first, else back to its screen."""
    for room in registry.active_rooms():
        for path in room.slots.get("reception.after_check_in", ()):
            found: str | None = import_string(path)(visit=visit, may=request.actor.can)
            if found:
                return found
    return reverse("reception:board")


def _asked_patient(request: HttpRequest) -> Any:
    wanted = request.POST.get("patient") or request.GET.get("patient")
    try:
        return access_patient(request.actor, UUID(wanted)) if wanted else None
    except ValueError:
        return None


def _chair_of(found: Visit) -> dict[str, Any]:
    chair = found.chair or (found.appointment.chair if found.appointment is not None else None)
    return {"chair": chair.code} if chair is not None else {}
