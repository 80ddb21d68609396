"""Reading the front desk: who waits, who is here, which chair is taken by whom, and what the day looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Model, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import access, clock, parameters, registry
from kernel.context import ALL, Actor
from kernel.errors import NotFound
from services.appointments.models import Appointment, Block
from services.patients.models import Patient
from services.reception.machine import HOLDS_CHAIR, UNSEEN, WAITS
from services.reception.models import Visit, WaitExplanation
from services.sites.models import Chair, Site
from services.sites.selectors import chairs as chairs_of
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import OnDuty, doctors_on_duty

VIEW = "reception.view"
# Whoever does one of these speaks with the guest and calls them by name.
ATTENDS = ("reception.check_in", "reception.lead_in", "reception.settle")
EXPLAIN_AFTER = "wait_explain_minutes"
JOINED = ("site", "patient", "doctor", "chair__room", "appointment__item", "appointment__chair")
# What the front desk's screen shows and counts of a visit; it asks for hundreds of them every few seconds.
DESK_SHOWN = (
    "code", "state", "site_id", "vertical", "emergency", "complaint", "arrived_at", "registered_at", "led_in_at",
    "ended_at", "finished_at", "announced_wait_minutes", "opinion", "opinion_at", "education_topic", "patient_id",
    "doctor_id", "chair_id", "appointment_id",
)  # fmt: skip
DESK_NAMED = {
    "patient_name": "patient__name",
    "patient_is_special": "patient__is_special",
    "patient_restricted_until": "patient__restricted_until",
    "doctor_name": "doctor__name",
    "chair_name": "chair__name",
    "booked_chair_id": "appointment__chair_id",
    "booked_chair_name": "appointment__chair__name",
}

# In the house: arrived and neither gone nor settled.
HERE = (*UNSEEN, *HOLDS_CHAIR, "left", "at_cashier")

END_REASONS: Mapping[str, str | Promise] = {
    "declined_wait": gettext_lazy("did not want to wait"),
    "wait_too_long": gettext_lazy("the wait was too long"),
    "left_unseen": gettext_lazy("left unseen"),
    "emergency_transfer": gettext_lazy("moved to an emergency department"),
}
# How a visit looks where bookings are drawn: the keys of kernel.web.states.
LOOKS = {
    "arrived": "arrived",
    "registered": "waiting",
    "waiting": "waiting",
    "led_in": "in_chair",
    "in_chair": "in_chair",
    "finished": "finished",
    "left": "left",
    "at_cashier": "left",
    "settled": "left",
    "closed": "left",
    "rebooked": "cancelled",
    "left_unseen": "cancelled",
}


def attended(actor: Actor) -> QuerySet[Any, Any]:
    """The restricted files that ``actor`` reads the name of because the patient is here (``patients.attended``, CR-006):
    the doctor of the visit, and who registers guests, leads them in or settles at its site."""
    mine = Q(doctor__user_id=actor.user_id) | Q(appointment__assistant__user_id=actor.user_id)
    for word in ATTENDS:
        if access.holds(actor, word):
            sites = actor.sites(word)
            mine |= Q(pk__gt=0) if sites is ALL else Q(site__code__in=sites)
    start, _end = clock.day_bounds(clock.today())
    rows = Visit.objects.filter(mine, state__in=HERE, arrived_at__gte=start, patient__restricted_until__gt=clock.now())
    return rows.order_by().values_list("patient_id")


def drawn_from(site: Site, day: date) -> list[QuerySet[Any]]:
    """The rows that every board of who is here, who waits and who is expected on ``day`` is drawn from (``polled``)."""
    start, end = clock.day_bounds(day, site.timezone)
    return [
        Visit.objects.filter(site=site, state__in=HERE),
        Visit.objects.filter(site=site, arrived_at__gte=start, arrived_at__lt=end),
        WaitExplanation.objects.filter(visit__site=site, at__gte=start),
        Appointment.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end),
        Block.objects.filter(site=site, starts_at__lt=end, ends_at__gt=start),
        DutyShift.objects.filter(site=site, starts_at__lt=end, ends_at__gt=start),
    ]


def visits_for(actor: Actor) -> QuerySet[Visit]:
    """The visits at the sites where ``actor`` may see them."""
    return access.accessible(Visit.objects.select_related(*JOINED), actor, VIEW)


def access_visit(actor: Actor, code: UUID) -> Visit:
    """The visit behind a code from outside. Raises NotFound (``visit_not_found``)."""
    found = visits_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("visit_not_found", _("There is no such visit."))
    return found


def on_day(site: Site, day: date) -> QuerySet[Visit]:
    """Every visit that arrived on the site's local day."""
    start, end = clock.day_bounds(day, site.timezone)
    return Visit.objects.filter(site=site, arrived_at__gte=start, arrived_at__lt=end).select_related(*JOINED)


def here_now(site: Site) -> QuerySet[Visit]:
    """Everybody who is in the house: arrived and neither gone nor settled."""
    return Visit.objects.filter(site=site, state__in=HERE).select_related(*JOINED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the waiting list. ``stage``: calm, ask (longer than told without asking) or over; ``blocked`` by whom."""

    visit: Visit
    ask: int
    limit: int
    stage: str
    explained: WaitExplanation | None
    needs_announcement: bool
    needs_opinion: bool
    blocked_by: Visit | None

    @property
    def needs_explanation(self) -> bool:
        """Longer than the limit, and nobody has explained it."""
        return self.stage == "over" and self.explained is None


def waiting_list(site: Site, *, visits: list[Visit] | None = None, now: datetime | None = None) -> list[Waiting]:
    """Who waits at ``site``: emergencies first, then by length of the wait (QU-001, QU-007).

    One query, none if ``visits`` (everybody who is here) are given.
    """
    now = now or clock.now()
    present = list(_with_explanations(here_now(site))) if visits is None else visits
    holders = {visit.chair_id: visit for visit in present if visit.state in HOLDS_CHAIR}
    asks = parameters.Reader("wait_consent_minutes", site=site)
    limits = parameters.Reader(EXPLAIN_AFTER, site=site)
    lines = [_waiting(visit, holders, now, asks, limits) for visit in present if visit.state in WAITS]
    return sorted(lines, key=lambda line: (not line.visit.emergency, line.visit.registered_at, line.visit.pk))


def present(site: Site) -> list[Visit]:
    """Everybody who is in the house, with what was explained to them: one query for a whole board."""
    return list(_with_explanations(here_now(site)))


def desk_visits(site: Site, day: date) -> tuple[list[Visit], list[Visit]]:
    """(who is in the house, who arrived on ``day``): both halves of the front desk's screen in one query.

    Who has gone is only counted: patient, doctor, chair and booking hang on those who are in the house alone.
    """
    start, end = clock.day_bounds(day, site.timezone)
    rows = Visit.objects.filter(Q(state__in=HERE) | Q(arrived_at__gte=start, arrived_at__lt=end), site=site)
    rows = rows.annotate(**{name: F(path) for name, path in DESK_NAMED.items()}, **desk_columns())
    found = list(_with_explanations(rows.only(*DESK_SHOWN)))
    here = [one for one in found if one.state in HERE]
    people: dict[tuple[type[Model], int], Any] = {}
    for one in found:
        one.site = site
    for one in here:
        _hang_on(one, people)
    return here, [one for one in found if start <= one.arrived_at < end]


def _hang_on(visit: Any, known: dict[tuple[type[Model], int], Any]) -> None:
    """Give a visit of the desk its relatives from the columns read with it; doctors and chairs are shared."""

    def row(model: type[Model], key: int, **values: Any) -> Any:
        found = known.get((model, key))
        if found is None:
            values["id"] = key
            order = [one.attname for one in model._meta.concrete_fields if one.attname in values]
            found = known[model, key] = model.from_db(visit._state.db, order, [values[name] for name in order])
        return found

    visit.patient = row(
        Patient,
        visit.patient_id,
        name=visit.patient_name,
        is_special=visit.patient_is_special,
        restricted_until=visit.patient_restricted_until,
    )
    visit.doctor = row(StaffMember, visit.doctor_id, name=visit.doctor_name)
    if visit.chair_id is not None:
        visit.chair = row(Chair, visit.chair_id, name=visit.chair_name)
    if visit.appointment_id is not None:
        visit.appointment = row(Appointment, visit.appointment_id, chair_id=visit.booked_chair_id)
        visit.appointment.chair = row(Chair, visit.booked_chair_id, name=visit.booked_chair_name)


def desk_columns() -> dict[str, Any]:
    """What other rooms read of each visit along with the desk's one query: the slot ``reception.desk_columns``, each
    ``() -> {name: expression over Visit}``."""
    paths = [path for room in registry.active_rooms() for path in room.slots.get("reception.desk_columns", ())]
    return {name: column for path in paths for name, column in import_string(path)().items()}


def to_register(visits: list[Visit]) -> list[Visit]:
    """Who has arrived and is not registered yet, first come first."""
    return [visit for visit in visits if visit.state == "arrived"]


@dataclass(frozen=True, slots=True)
class ChairLine:
    """A chair and who sits in it, and who comes next."""

    chair: Chair
    visit: Visit | None
    following: Visit | None

    @property
    def state(self) -> str:
        """free, occupied or finished-not-left (a5)."""
        if self.visit is None:
            return "free"
        return "finished_not_left" if self.visit.state == "finished" else "occupied"


def chair_board(site: Site, *, visits: list[Visit] | None = None) -> list[ChairLine]:
    """Every chair of the site in room order with its present and its next guest."""
    people = present(site) if visits is None else visits
    inside = {visit.chair_id: visit for visit in people if visit.state in HOLDS_CHAIR}
    queue = [line.visit for line in waiting_list(site, visits=people)]
    lines = []
    for chair in chairs_of(site):
        following = next((visit for visit in queue if _wanted_chair(visit) == chair.pk), None)
        lines.append(ChairLine(chair, inside.get(chair.pk), following))
    return lines


def of_doctor(doctor: StaffMember, site: Site, day: date) -> list[Visit]:
    """The visits of a doctor on the site's day, who waits and who is in the chair first."""
    order = {
        state: number
        for number, state in enumerate(("in_chair", "led_in", "finished", "waiting", "registered", "arrived"))
    }
    rows = list(_with_explanations(on_day(site, day).filter(doctor=doctor)))
    return sorted(rows, key=lambda visit: (order.get(visit.state, 9), visit.registered_at or visit.arrived_at))


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures of a site's day: how many visits in which state, and the median wait in whole minutes.

    ``excluded`` waits count in neither of the wait figures, because a declared outage touched them.
    """

    states: Mapping[str, int]
    total: int
    unexplained: int
    median_wait: int | None
    excluded: int


def figures(visits: list[Visit], *, walk_ins_only: bool = False) -> Figures:
    """Count the visits of a day of one site. ``walk_ins_only``: the states count only who came without a booking, because the board
    counts the others."""
    counted: dict[str, int] = {}
    waits: list[int] = []
    unexplained = excluded = 0
    limits: parameters.Reader | None = None
    for visit in visits:
        if visit.appointment_id is None or not walk_ins_only:
            look = LOOKS[visit.state]
            counted[look] = counted.get(look, 0) + 1
        seconds = visit.wait_seconds
        if seconds is not None and not getattr(visit, "unmeasured", False):
            waits.append(seconds)
        if visit.registered_at is not None:
            limits = limits or parameters.Reader(EXPLAIN_AFTER, site=visit.site)
            unexplained += is_unexplained(visit, limits=limits)
        excluded += bool(getattr(visit, "unmeasured", False))
    return Figures(counted, sum(counted.values()), unexplained, median_minutes(waits), excluded)


def is_unexplained(visit: Visit, *, now: datetime | None = None, limits: parameters.Reader | None = None) -> bool:
    """Did (or does) the patient wait longer than the limit without anybody explaining it in time? (QU-004)

    Strictly longer, to the second; a note written after the wait changes nothing. A visit of a list of this module that
    a declared outage touched is none. Whoever asks for many visits of one site gives the reader of the ``limits``.
    """
    if visit.registered_at is None or getattr(visit, "unmeasured", False):
        return False
    limits = limits or parameters.Reader(EXPLAIN_AFTER, site=visit.site)
    limit = limits(visit.registered_at, visit.vertical or None)
    end = visit.wait_ended_at or (now or clock.now())
    if int((end - visit.registered_at).total_seconds()) <= limit * 60:
        return False
    return all(explanation.late_note for explanation in explanations_of(visit))


def median_minutes(seconds: list[int]) -> int | None:
    """The median in whole minutes, halves up; None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    middle = len(ordered) // 2
    twice = ordered[middle] * 2 if len(ordered) % 2 else ordered[middle - 1] + ordered[middle]
    return (twice + 60) // 120


def stages_of(visits: list[Visit]) -> Mapping[int, tuple[str, str]]:
    """Booking -> (look, note) for the day board, from visits that were read already."""
    return {visit.appointment_id: stage_of(visit.state) for visit in visits if visit.appointment_id is not None}


def stage_of(state: str) -> tuple[str, str]:
    """How a booking with a visit in this state is drawn: look and note."""
    return LOOKS[state], str(NOTES.get(state, ""))


NOTES = {
    "finished": gettext_lazy("not left yet"),
    "registered": gettext_lazy("tell the wait"),
    "at_cashier": gettext_lazy("at the cashier"),
}


def suggested_doctor(site: Site, now: datetime | None = None) -> OnDuty | None:
    """Whom a walk-in without a wish may see: on duty now, the shortest queue first, then by staff number."""
    now = now or clock.now()
    on_duty = [one for one in doctors_on_duty(site, clock.local(now, site.timezone).date()) if one.at(now)]
    queues: dict[int, int] = {}
    for doctor in Visit.objects.filter(site=site, state__in=(*UNSEEN, "led_in", "in_chair")).values_list(
        "doctor_id", flat=True
    ):
        queues[doctor] = queues.get(doctor, 0) + 1
    return min(on_duty, key=lambda one: queues.get(one.staff.pk, 0), default=None)


def with_guests(site: Site) -> frozenset[int]:
    """The doctors who have somebody waiting or in a chair now: busy, whatever their bookings say."""
    rows = Visit.objects.filter(site=site, state__in=(*UNSEEN, "led_in", "in_chair"))
    return frozenset(rows.values_list("doctor_id", flat=True))


def visit_word(key: str) -> str | Promise:
    """What a line of business calls a visit."""
    vertical = registry.verticals().get(key)
    return vertical.visit_word if vertical is not None else gettext_lazy("Visit")


def end_reason(visit: Visit) -> str | Promise:
    """Why a visit ended unseen, in words."""
    return END_REASONS.get(visit.end_reason, visit.end_reason)


def visit_of(appointment: Appointment) -> Visit | None:
    """The visit that a booking became."""
    return Visit.objects.filter(appointment=appointment).select_related(*JOINED).first()


def timeline(visit: Visit) -> list[dict[str, Any]]:
    """What happened in a visit, for its page."""
    icons = {"led_in": "door", "in_chair": "chair", "finished": "check", "left": "left", "explained": "message"}
    explained = {explanation.at: explanation for explanation in visit.explanations.all()}
    items = []
    for event in visit.events.all():
        words = explained.get(event.at)
        items.append(
            {
                "at": event.at,
                "icon": icons.get(event.what, "clock"),
                "title": EVENT_WORDS.get(event.what, event.what),
                "text": words.words if words is not None else "",
                "who": event.by_name,
            }
        )
    late = [
        {"at": note.at, "icon": "message", "title": _("Note after the wait"), "text": note.words, "who": note.by_name}
        for note in visit.explanations.all()
        if note.late_note
    ]
    return sorted([*items, *late], key=lambda item: item["at"])


EVENT_WORDS: Mapping[str, str | Promise] = {
    "arrived": gettext_lazy("Arrived"),
    "registered": gettext_lazy("Registered, the wait clock starts"),
    "announced": gettext_lazy("Expected wait told"),
    "opinion": gettext_lazy("Opinion of the patient stored"),
    "waiting": gettext_lazy("Waiting"),
    "explained": gettext_lazy("Wait explained"),
    "led_in": gettext_lazy("Led in"),
    "in_chair": gettext_lazy("In the chair"),
    "finished": gettext_lazy("Treatment finished"),
    "left": gettext_lazy("Left the area"),
    "at_cashier": gettext_lazy("At the cashier"),
    "settled": gettext_lazy("Settled"),
    "closed": gettext_lazy("Closed"),
    "rebooked": gettext_lazy("Rebooked because of the wait"),
    "left_unseen": gettext_lazy("Left unseen"),
    "emergency": gettext_lazy("Emergency"),
    "watched_again": gettext_lazy("The outage is over, the wait is watched again"),
}


def _waiting(
    visit: Visit,
    holders: Mapping[int | None, Visit],
    now: datetime,
    asks: parameters.Reader,
    limits: parameters.Reader,
) -> Waiting:
    assert visit.registered_at is not None
    ask, limit = asks(now, visit.vertical or None), limits(visit.registered_at, visit.vertical or None)
    waited = timedelta(seconds=int((now - visit.registered_at).total_seconds()))
    stage = "over" if waited > timedelta(minutes=limit) else "ask" if waited > timedelta(minutes=ask) else "calm"
    told = [explanation for explanation in explanations_of(visit) if not explanation.late_note]
    announced = visit.announced_wait_minutes
    return Waiting(
        visit=visit,
        ask=ask,
        limit=limit,
        stage=stage,
        explained=told[-1] if told else None,
        needs_announcement=announced is None,
        needs_opinion=announced is not None and announced > ask and not visit.opinion,
        blocked_by=holders.get(_wanted_chair(visit)),
    )


def _wanted_chair(visit: Visit) -> int | None:
    if visit.chair_id is not None:
        return visit.chair_id
    return visit.appointment.chair_id if visit.appointment is not None else None


def explanations_of(visit: Visit) -> list[WaitExplanation]:
    """What was explained in a visit, in order; no query for a visit of a list of this module."""
    said: list[dict[str, Any]] | None = getattr(visit, "said", None)
    if said is None:
        return list(visit.explanations.all())
    return [WaitExplanation(**row | {"visit": visit, "at": datetime.fromisoformat(row["at"])}) for row in said]


def _with_explanations(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    # With each visit and not by a statement of its own: boards ask every few seconds.
    told = WaitExplanation.objects.filter(visit=OuterRef("pk")).order_by("at", "id")
    names = ("at", "by_name", "reason", "words", "late_seconds", "late_note")
    rows = rows.annotate(said=ArraySubquery(told.values(row=JSONObject(**{name: name for name in names}))))
    conditions = unmeasured_by()
    return rows.annotate(unmeasured=reduce(or_, conditions)) if conditions else rows


def waited_on(site: Site, day: date) -> QuerySet[Visit]:
    """The visits registered on the site's day whose wait is over, with their explanations; without those that a declared
    outage touched: nobody measured them."""
    start, end = clock.day_bounds(day, site.timezone)
    over = Q(led_in_at__isnull=False) | Q(ended_at__isnull=False)
    rows = Visit.objects.filter(over, site=site, registered_at__gte=start, registered_at__lt=end).select_related("site")
    for unmeasured in unmeasured_by():
        rows = rows.exclude(unmeasured)
    return _with_explanations(rows)


def unmeasured_by() -> list[Any]:
    """Conditions over Visit under which nobody measured its wait: the slot ``reception.unmeasured``, each ``() -> condition``."""
    return [
        import_string(path)() for room in registry.active_rooms() for path in room.slots.get("reception.unmeasured", ())
    ]


def is_measured(visit: Visit) -> bool:
    """Does the wait of ``visit`` count?"""
    return not any(Visit.objects.filter(condition, pk=visit.pk).exists() for condition in unmeasured_by())


def registered_on(site: Site, day: date) -> QuerySet[Visit]:
    """The visits registered on the site's day."""
    start, end = clock.day_bounds(day, site.timezone)
    return Visit.objects.filter(site=site, registered_at__gte=start, registered_at__lt=end)
