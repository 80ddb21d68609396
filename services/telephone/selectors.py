"""Reading the telephone: calls of a day, messages, promises, who calls, and what to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise as Words
from django.utils.translation import gettext as _

from kernel import access, clock, parameters, registry
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.web.formatting import day_words
from services.appointments.selectors import next_of_patient
from services.appointments.slots import Availability, Window
from services.patients.models import Patient
from services.patients.phones import canonical_phone
from services.patients.reading import note_listing
from services.sites.models import Site
from services.sites.selectors import day_bounds
from services.staff.models import StaffMember
from services.staff.selectors import doctors_on_duty, staff_at
from services.telephone import accounts
from services.telephone.callers import is_nuisance
from services.telephone.machines import OWED, UNDELIVERED
from services.telephone.models import (
    Call,
    ForbiddenPhrase,
    MessageSlip,
    NuisanceNumber,
    Promise,
    Script,
    ScriptVersion,
)
from services.telephone.wording import closing_greeting, filled

VIEW = "telephone.view"
SHORTEST_NUMBER = 7
SHOWN_CALLERS = 6
SHOWN_ON_TIMELINE = 20


# --- rows from outside ------------------------------------------------------------------------------------------------


def calls_for(actor: Actor) -> QuerySet[Call]:
    """The calls of the sites where ``actor`` may see them."""
    return access.accessible(Call.objects.select_related("site", "patient", "consulted"), actor, VIEW)


def access_call(actor: Actor, code: UUID) -> Call:
    """The call behind a code from outside. Raises NotFound (``call_not_found``)."""
    found = calls_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("call_not_found", _("There is no such call."))
    return found


def slips_for(actor: Actor) -> QuerySet[MessageSlip]:
    """The messages of the sites where ``actor`` may see them, and those for ``actor`` or whom they stand in for."""
    rows = MessageSlip.objects.select_related("site", "patient", "recipient__user", "taken_by")
    seen = access.accessible(MessageSlip.objects.all(), actor, VIEW).values("pk")
    mine = Q(recipient__user_id=actor.user_id) | Q(recipient__user__code__in=actor.deputy_for)
    return rows.filter((mine & Q(recipient__user__isnull=False)) | Q(pk__in=seen))


def access_slip(actor: Actor, code: UUID) -> MessageSlip:
    """The message behind a code from outside. Raises NotFound (``message_not_found``)."""
    found = slips_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("message_not_found", _("There is no such message."))
    return found


def promises_for(actor: Actor) -> QuerySet[Promise]:
    """The promises of the sites where ``actor`` may see them."""
    return access.accessible(Promise.objects.select_related("site", "patient", "owner"), actor, VIEW)


def access_promise(actor: Actor, code: UUID) -> Promise:
    """The promise behind a code from outside. Raises NotFound (``promise_not_found``)."""
    found = promises_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("promise_not_found", _("There is no such promise."))
    return found


def access_script(actor: Actor, code: UUID) -> Script:
    """The script behind a code from outside. Raises NotFound (``script_not_found``)."""
    found = Script.objects.filter(code=code).first() if holds(actor, VIEW) else None
    if found is None:
        raise NotFound("script_not_found", _("There is no such script."))
    return found


def access_phrase(actor: Actor, code: UUID) -> ForbiddenPhrase:
    """The phrase behind a code from outside. Raises NotFound (``phrase_not_found``)."""
    found = ForbiddenPhrase.objects.filter(code=code).first() if holds(actor, VIEW) else None
    if found is None:
        raise NotFound("phrase_not_found", _("There is no such phrase."))
    return found


def access_nuisance(actor: Actor, code: UUID) -> NuisanceNumber:
    """The marked number behind a code from outside. Raises NotFound (``number_not_found``)."""
    found = NuisanceNumber.objects.filter(code=code).first() if holds(actor, VIEW) else None
    if found is None:
        raise NotFound("number_not_found", _("There is no such number."))
    return found


# --- lists ------------------------------------------------------------------------------------------------------------


def calls_of_day(actor: Actor, site: Site, day: date, *, purpose: str = "") -> QuerySet[Call]:
    """The calls of ``site`` on its local ``day``, the latest first, with how many messages and promises each led to."""
    start, end = day_bounds(site, day)
    rows = calls_for(actor).filter(site=site, started_at__gte=start, started_at__lt=end)
    if purpose:
        rows = rows.filter(purpose=purpose)
    return rows.annotate(
        message_count=Count("slips", distinct=True),
        owed_count=Count("promises", filter=Q(promises__state__in=OWED), distinct=True),
    ).order_by("-started_at", "-id")


def figures_of_day(actor: Actor, site: Site, day: date) -> dict[str, int]:
    """How many calls came in and went out, and how many rang longer than ``ring_answer`` (TC-002); one query."""
    start, end = day_bounds(site, day)
    rings = parameters.value("ring_answer", site=site)
    return (
        calls_for(actor)
        .filter(site=site, started_at__gte=start, started_at__lt=end)
        .order_by()
        .aggregate(
            incoming=Count("pk", filter=Q(direction="in")),
            outgoing=Count("pk", filter=Q(direction="out")),
            counted=Count("pk", filter=Q(direction="in", rings__isnull=False)),
            slow=Count("pk", filter=Q(direction="in", rings__gt=rings)),
        )
    )


def undelivered(site: Site) -> QuerySet[MessageSlip]:
    """What the next shift must know: the messages of ``site`` that have not reached whom they are for (TC-007)."""
    rows = MessageSlip.objects.filter(site=site, state__in=UNDELIVERED)
    return rows.select_related("site", "recipient").order_by("taken_at", "id")


def messages_listed(actor: Actor, site: Site, *, show: str = "undelivered") -> QuerySet[MessageSlip]:
    """The list behind a tab: ``undelivered``, ``mine`` (open ones for the actor), ``open`` or ``closed``."""
    rows = slips_for(actor).filter(site=site)
    if show == "mine":
        return rows.filter(Q(recipient__user_id=actor.user_id)).exclude(state="closed").order_by("taken_at", "id")
    if show == "open":
        return rows.filter(state__in=["delivered", "acknowledged"]).order_by("taken_at", "id")
    if show == "closed":
        return rows.filter(state="closed").order_by("-closed_at", "-id")
    return rows.filter(state__in=UNDELIVERED).order_by("taken_at", "id")


def message_counts(actor: Actor, site: Site) -> dict[str, int]:
    """How many stand behind each tab of messages; one query."""
    return (
        slips_for(actor)
        .filter(site=site)
        .order_by()
        .aggregate(
            undelivered=Count("pk", filter=Q(state__in=UNDELIVERED)),
            mine=Count("pk", filter=Q(recipient__user_id=actor.user_id) & ~Q(state="closed")),
            open=Count("pk", filter=Q(state__in=["delivered", "acknowledged"])),
        )
    )


def complaint_hold(patient: Patient) -> str | None:
    """Does the patient wait for the answer to a complaint made by phone? Then nothing promotional is offered (FU-018)."""
    waits = Promise.objects.filter(patient=patient, state__in=OWED, call__purpose="complaint")
    return "open_complaint" if waits.exists() else None


def promises_listed(actor: Actor, site: Site, *, show: str = "open") -> QuerySet[Promise]:
    """The list behind a tab: ``open``, ``superior`` (waiting for an answer), ``broken`` (told or not) or ``kept``."""
    rows = promises_for(actor).filter(site=site)
    if show == "superior":
        return rows.filter(state="with_superior").order_by("due_at", "id")
    if show == "broken":
        return rows.filter(outcome=Promise.Outcome.BROKEN).order_by("-due_at", "-id")
    if show == "kept":
        return rows.filter(outcome=Promise.Outcome.FULFILLED).order_by("-told_at", "-id")
    return rows.filter(state__in=OWED).order_by("due_at", "id")


def promise_counts(actor: Actor, site: Site) -> dict[str, int]:
    """How many stand behind each tab of promises; one query."""
    return (
        promises_for(actor)
        .filter(site=site)
        .order_by()
        .aggregate(
            open=Count("pk", filter=Q(state__in=OWED)),
            superior=Count("pk", filter=Q(state="with_superior")),
            broken=Count("pk", filter=Q(outcome=Promise.Outcome.BROKEN)),
            kept=Count("pk", filter=Q(outcome=Promise.Outcome.FULFILLED)),
        )
    )


def calls_of_patient(actor: Actor, patient: Patient) -> QuerySet[Call]:
    """The calls with a patient that ``actor`` may see, the latest first."""
    return calls_for(actor).filter(patient=patient).order_by("-started_at", "-id")


def slips_of_patient(actor: Actor, patient: Patient) -> QuerySet[MessageSlip]:
    """The messages of a patient to colleagues, the latest first."""
    return slips_for(actor).filter(patient=patient).order_by("-taken_at", "-id")


def promises_of_patient(actor: Actor, patient: Patient) -> QuerySet[Promise]:
    """What was promised to a patient, the latest first."""
    return promises_for(actor).filter(patient=patient).order_by("-made_at", "-id")


def recipients_at(site: Site) -> QuerySet[StaffMember]:
    """Who can be left a message at ``site``: everybody there with an account."""
    return staff_at(site).filter(user__is_active=True).select_related("user")


def marked_numbers() -> QuerySet[NuisanceNumber]:
    """The numbers that only disturb, the latest first."""
    return NuisanceNumber.objects.filter(lifted_at__isnull=True)


def free_doctors(site: Site) -> list[str]:
    """Which doctors on duty have nobody booked and no blocked time at this moment: who may be asked to the phone (TC-009)."""
    now = clock.now()
    moment = Window(now, now + timedelta(minutes=5))
    on_duty = [one.staff for one in doctors_on_duty(site, clock.today(site.timezone))]
    if not on_duty:
        return []
    day = clock.today(site.timezone)
    known = Availability.read(site, day, day, people=on_duty)
    return [
        doctor.name
        for doctor in on_duty
        if known.on_duty(doctor, moment)
        and not any(one.overlaps(moment) for one in known.busy_people.get(doctor.pk, []))
    ]


# --- who calls --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a number while it is being typed."""

    patients: list[Patient]
    earlier: list[Call]
    is_nuisance: bool
    complete: bool


def known_callers(actor: Actor, typed: str) -> Known:
    """Whose number this may be: the patients with it (a family shares one), else who called from it before.

    Found over blind indexes by the whole number in any spelling. What is shown of patients is logged as a listing.
    """
    number = canonical_phone(typed) if len(typed.strip()) >= SHORTEST_NUMBER else None
    if number is None:
        return Known([], [], False, False)
    found: list[Patient] = []
    if holds(actor, "patients.view"):
        found = list(Patient.objects.filter(phone_index__marks=number).order_by("-id")[:SHOWN_CALLERS])
        note_listing(actor, found)
    earlier = []
    if not found:
        rows = calls_for(actor).filter(phone_index__marks=number).exclude(caller_name="")
        earlier = list(rows.order_by("-started_at")[:1])
    return Known(found, earlier, is_nuisance(number), True)


# --- what to say ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spoken:
    """A script with its variables filled, in the reader's language."""

    script: Script
    title: str
    text: str
    number: int


def newest_versions() -> QuerySet[ScriptVersion]:
    """The newest version of each script; one query."""
    return ScriptVersion.objects.select_related("script").order_by("script_id", "-number").distinct("script_id")


def scripts_for(purpose: str, values: Mapping[str, object]) -> list[Spoken]:
    """What is said in a call about ``purpose``, in its order: opening, talk, closing, then what may be needed.

    A script of the only line of business takes the place of the general one with its key.
    """
    lines = [one.key for one in registry.active_verticals()]
    rows = [
        row
        for row in newest_versions().filter(script__is_active=True, script__vertical__in=["", *lines])
        if row.script.purpose in ("", purpose)
    ]
    if len(lines) == 1:
        own = {row.script.key for row in rows if row.script.vertical}
        rows = [row for row in rows if row.script.vertical or row.script.key not in own]
    order = list(Script.Moment.values)
    rows.sort(key=lambda row: (order.index(row.script.moment), row.script.order, row.script.key))
    return [spoken(row, values) for row in rows]


def spoken(row: ScriptVersion, values: Mapping[str, object]) -> Spoken:
    """One version in the reader's language."""
    return Spoken(row.script, row.script.title, filled(row.text, values), row.number)


def values_of(
    actor: Actor, site: Site, *, patient: Patient | None = None, caller_name: str = "", recipient: str = ""
) -> dict[str, str | Words | int]:
    """What is known for the variables of a script: clinic, agent, caller, their next visit, what is to be paid and owed,
    the greeting of the day."""
    known: dict[str, str | Words | int] = {
        "clinic": site.name,
        "agent": actor.name,
        "patient": (patient.form_of_address or patient.name) if patient is not None else caller_name,
        "colleague": recipient,
        "greeting": closing_greeting(clock.today(site.timezone)),
        "gap": parameters.value("silent_first_gap", site=site),
        "pause": parameters.value("hangup_pause", site=site),
    }
    if patient is not None:
        known |= accounts.words_of(actor, patient)
    booked = next_of_patient(patient) if patient is not None else None
    if booked is not None:
        starts = clock.local(booked.starts_at, booked.site.timezone)
        known |= {"doctor": booked.doctor.name, "date": f"{day_words(starts.date())} {starts:%H:%M}"}
    return known


def script_rows() -> list[ScriptVersion]:
    """Every script with its newest words, in the order of the list."""
    return sorted(newest_versions(), key=lambda row: (row.script.order, row.script.key, row.script.vertical))


def phrases() -> QuerySet[ForbiddenPhrase]:
    """The list of forbidden phrases."""
    return ForbiddenPhrase.objects.filter(is_active=True).order_by(F("text"))
