"""The consultation itself: put on the list, begun, written, concluded. Doctors, departments, fees and knowledge have files
of their own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, calendars, clock, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.catalogue.selectors import price_at
from services.consultation import claims
from services.consultation.machines import CONSULTATION, SUCCESSFUL, WORKED_ON
from services.consultation.models import Conduct, Consultation, Recommendation, ServiceSheet
from services.patients.models import Patient
from services.policy import gates
from services.reception.models import Visit
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.staff.models import StaffMember
from services.staff.selectors import staff_of
from services.tasks.actions import cancel_task, open_task, settle_task
from services.telephone import phrases
from services.telephone.callers import read_caller, require_phone

CALL_BACK = "consultation.call_back"
# The day's list of calls holds these too (FU-019).
CALL_BACKS = (CALL_BACK,)
CONDUCT = "consultation.conduct"
CONSULTANTS = ("consultant",)
LEADERS = ("supervisor", "service_supervisor", "clinic_director")
OLDEST = 120
LATEST = time(23, 59)
TEXTS = ("need", "expectation", "concerns", "condition", "advice", "mental_care", "lesson_topic", "lesson")
ENGINE = Actor.system("consultation")


@action(permission="consultation.open")
def open_consultation(
    *,
    by: Actor,
    site: Site,
    channel: str,
    patient: Patient | None = None,
    customer_name: str = "",
    customer_sex: str = "",
    phone: str = "",
    age: int | None = None,
    consultant: StaffMember | None = None,
    visit: Visit | None = None,
    vertical: str = "",
    need: str = "",
) -> Consultation:
    """Put a customer on the list of who waits for a consultant (CS-001). Somebody who only asks needs no file.

    A customer who was here within ``repeat_consultation_days`` repeats the first consultation (CS-010): found by the
    file, else by the phone. Raises RuleRefused (``channel_unknown``, ``customer_unknown``, ``age_impossible``,
    ``phone_invalid``, ``visit_of_another``), Conflict (``already_waiting``).
    """
    if channel not in Consultation.Channel.values:
        raise RuleRefused("channel_unknown", _("Choose how the customer came."), fields={"channel": [_("Required")]})
    if visit is not None:
        patient = patient or visit.patient
        if visit.patient_id != patient.pk or visit.site_id != site.pk:
            raise RuleRefused("visit_of_another", _("This visit belongs to another customer."))
    caller = read_caller(name=customer_name, sex=customer_sex, phone=phone, patient=patient)
    if not caller.name:
        sentence = _("Write the customer's name, or choose a file.")
        raise RuleRefused("customer_unknown", sentence, fields={"customer_name": [sentence]})
    if age is not None and not 0 <= age <= OLDEST:
        raise RuleRefused("age_impossible", _("Check the age."), fields={"age": [_("Check the age.")]})
    if patient is not None:
        # Of two desks that put the same customer on the list, the second sees what the first wrote.
        Patient.objects.select_for_update().get(pk=patient.pk)
        if Consultation.objects.filter(patient=patient, site=site, state__in=["waiting", "talking"]).exists():
            raise Conflict("already_waiting", _("This customer is on the list already."))
    now = clock.now()
    row = Consultation.objects.create(
        site=site,
        vertical=vertical or (visit.vertical if visit is not None else ""),
        patient=patient,
        visit=visit,
        customer_name=caller.name,
        customer_sex=caller.sex,
        age=age,
        phone=caller.phone,
        origin=_origin(patient, caller.phone, site, now),
        consultant=consultant,
        channel=channel,
        opened_at=now,
        opened_by_name=by.name,
        need=need.strip(),
    )
    audit.record(by=by, verb="consultation.opened", target=row, site=site.code, channel=channel)
    return row


@action(permission="consultation.consult")
def start_consultation(*, by: Actor, consultation: Consultation) -> Consultation:
    """Begin to talk; whoever begins is the consultant of the record.

    Raises RuleRefused (``consultant_unknown``), Conflict (``invalid_transition``).
    """
    consultant = staff_of(by)
    if consultant is None:
        raise RuleRefused("consultant_unknown", _("A consultation is held by a member of the staff."))
    CONSULTATION.move(consultation, "talking", by=by, consultant=consultant)
    _emit("consultation.started", consultation)
    return consultation


@action(permission="consultation.open")
def note_left(*, by: Actor, consultation: Consultation) -> Consultation:
    """The customer went before anybody spoke with them. Raises Conflict (``invalid_transition``)."""
    CONSULTATION.move(consultation, "left", by=by)
    return consultation


@action(permission="consultation.consult")
def write_down(
    *, by: Actor, consultation: Consultation, further: str = "", conduct: tuple[str, ...] | list[str] = (), **texts: str
) -> Consultation:
    """Keep what was said: need, expectation, concerns, condition, further need, advice (CS-001, CS-004), the state of
    mind (CS-015) and a lesson for the team (CS-013). Forbidden phrases in the advice are counted (CS-011).

    Raises Conflict (``not_open``), RuleRefused (``further_unknown``, ``lesson_topic_missing``).
    """
    consultation = lock(consultation)
    _refuse_closed(consultation)
    if further and further not in Consultation.Further.values:
        raise RuleRefused("further_unknown", _("Choose what is needed."), fields={"further": [_("Required")]})
    changes: dict[str, Any] = {name: texts[name].strip() for name in TEXTS if name in texts}
    if changes.get("lesson") and not changes.get("lesson_topic", consultation.lesson_topic):
        sentence = _("Give the lesson a topic, so that training finds it.")
        raise RuleRefused("lesson_topic_missing", sentence, fields={"lesson_topic": [sentence]})
    changes["further"] = further or consultation.further
    changes["conduct"] = [one for one in Conduct.values if one in conduct]
    for name, value in changes.items():
        setattr(consultation, name, value)
    consultation.bump(set(changes))
    phrases.nudge(by=by, subject=consultation, texts=(changes.get("advice", ""),))
    audit.record(by=by, verb="consultation.written", target=consultation, site=consultation.site.code)
    return consultation


@action(permission="consultation.consult")
def recommend(
    *,
    by: Actor,
    consultation: Consultation,
    item: Item,
    content: str = "",
    advantages: str = "",
    risks: str = "",
    precautions: str = "",
) -> Recommendation:
    """Recommend an item with content, advantages, risks and today's price (CS-001, CS-005). What is left empty comes from
    the item's sheet, if that was reviewed. Recommending it again replaces the words; what the customer had understood is
    asked anew (CS-009).

    Raises Conflict (``not_open``), RuleRefused (``item_not_offered``, ``item_without_price``, ``content_missing``,
    ``risks_missing``, ``claims_exaggerated``).
    """
    consultation = lock(consultation)
    _refuse_closed(consultation)
    if not item.is_active:
        raise RuleRefused("item_not_offered", _("“%(item)s” is no longer offered.") % {"item": item.name})
    price = price_at(item, site=consultation.site)
    if price is None:
        raise RuleRefused("item_without_price", _("“%(item)s” has no price today.") % {"item": item.name})
    sheet = ServiceSheet.objects.filter(item=item, reviewed_at__isnull=False).first() or ServiceSheet()
    claims.refuse_unreviewed(content, sheet.content)
    words = {
        "content": content.strip() or sheet.content,
        "advantages": advantages.strip() or sheet.advantages,
        "risks": risks.strip() or sheet.risks,
        "precautions": precautions.strip() or sheet.precautions,
    }
    demands = claims.demands_of(item.vertical)
    claims.require_disclosure(
        by=by, subject=consultation, demands=demands, risks=words["risks"], precautions=words["precautions"]
    )
    claims.require_plain_claims(
        by=by, subject=consultation, texts=(words["content"], words["advantages"]), strict=demands.plain_claims
    )
    row, created = Recommendation.objects.update_or_create(
        consultation=consultation,
        item=item,
        defaults={
            **words,
            "price_fen": price,
            "needs_disclosure": demands.disclosure,
            "recommended_at": clock.now(),
            "recommended_by_name": by.name,
        },
    )
    if not created:
        row.bump()
    _forget_understanding(consultation)
    audit.record(
        by=by, verb="consultation.recommended", target=consultation, site=consultation.site.code, item=item.key
    )
    return row


@action(permission="consultation.consult")
def drop_recommendation(*, by: Actor, recommendation: Recommendation) -> Consultation:
    """Take a recommendation out again while the conversation goes on. Raises Conflict (``not_open``)."""
    consultation = lock(recommendation.consultation)
    _refuse_closed(consultation)
    recommendation.delete()
    _forget_understanding(consultation)
    audit.record(by=by, verb="consultation.recommendation_dropped", target=consultation, site=consultation.site.code)
    return consultation


@action(permission="consultation.consult")
def confirm_understanding(*, by: Actor, consultation: Consultation) -> Consultation:
    """The customer has said that they understood content, risks and precautions of what is recommended (CS-009).

    Raises Conflict (``not_open``), RuleRefused (``recommendation_missing``).
    """
    consultation = lock(consultation)
    _refuse_closed(consultation)
    if not consultation.recommendations.exists():
        raise RuleRefused("recommendation_missing", _("Recommend something first."))
    consultation.understood_at, consultation.understood_with_name = clock.now(), by.name
    consultation.bump({"understood_at", "understood_with_name"})
    audit.record(by=by, verb="consultation.understood", target=consultation, site=consultation.site.code)
    return consultation


@action(permission="consultation.consult")
def conclude(
    *,
    by: Actor,
    consultation: Consultation,
    outcome: str,
    next_step: str = "",
    call_back_on: date | None = None,
    refusal: str = "",
    refusal_words: str = "",
    appointment: Appointment | None = None,
) -> Consultation:
    """End the conversation with its outcome (CS-001): booked (an appointment of this customer), accepted, undecided (next
    step and the day of the call-back) or declined (why).

    Need, condition, further need and advice stand there before (CS-004); no question is left without an answer unless a
    doctor has it (CS-002). An undecided customer is called back on the day. Later the same action decides.

    Raises RuleRefused (``outcome_unknown``, ``analysis_missing``, ``questions_open``, ``recommendation_missing``,
    ``understanding_missing``, ``appointment_missing``, ``appointment_of_another``, ``next_step_missing``,
    ``call_back_in_the_past``, ``refusal_missing``), Conflict (``invalid_transition``).
    """
    consultation = lock(consultation)
    if outcome not in ("booked", "accepted", "undecided", "refused"):
        raise RuleRefused("outcome_unknown", _("Choose how it ended."), fields={"outcome": [_("Required")]})
    _refuse_unanalysed(consultation)
    _refuse_unanswered(consultation)
    changes: dict[str, Any] = {"next_step": next_step.strip()}
    if outcome in SUCCESSFUL:
        _refuse_unrecommended(consultation, outcome)
    if outcome == "booked":
        changes["appointment"] = _booking(consultation, appointment)
    elif outcome == "undecided":
        changes["call_back_on"] = _call_back(consultation, next_step, call_back_on)
    elif outcome == "refused":
        if refusal not in Consultation.Refusal.values:
            raise RuleRefused("refusal_missing", _("Ask for the reason."), fields={"refusal": [_("Required")]})
        changes.update(refusal=refusal, refusal_words=refusal_words.strip())
    CONSULTATION.move(consultation, outcome, by=by, changes=changes)
    gates.check(CONDUCT, by=by, subject=consultation, ok=set(consultation.conduct) == set(Conduct.values), message="")
    _count_success(consultation)
    if outcome == "undecided":
        _ask_to_call(by, consultation)
    else:
        settle_task(by=by, kind=CALL_BACK, key=str(consultation.code), result=outcome)
    _emit("consultation.concluded", consultation, outcome=outcome)
    return consultation


@action(permission="consultation.consult")
def withdraw_acceptance(*, by: Actor, consultation: Consultation, reason: str) -> Consultation:
    """The customer takes back what they accepted, before the treatment (CS-010); it stays visible and counts as the
    definition of its month says.

    Raises RuleRefused (``reason_missing``, ``already_treated``), Conflict (``invalid_transition``).
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    return _take_back(by, consultation, reason.strip()[:120])


@action(permission=None, reason="the booking that was given up carries its own word")
def lose_booking(*, by: Actor, appointment: Appointment) -> int:
    """The appointment of a booked consultation was cancelled: the booking is taken back there too; how many."""
    rows = Consultation.objects.filter(appointment=appointment, state="booked", treated_at__isnull=True)
    for row in rows:
        _take_back(ENGINE, row, "appointment_cancelled", moved_by=ENGINE)
    return len(rows)


@action(permission=None, reason="the visit that ended carries its own word")
def note_treated(*, by: Actor, patient: Patient, site: Site, at: datetime) -> int:
    """A patient who had accepted a service was treated: from now on nothing is taken back, and the consultant asks how it
    went (FU-011); how many consultations."""
    # Aesthetic plans of months ago are still what was consulted; what came after the treatment is not.
    rows = Consultation.objects.select_related("site").filter(
        patient=patient, state__in=SUCCESSFUL, treated_at__isnull=True, concluded_at__lte=at
    )
    for row in rows:
        row.treated_at = at
        row.bump({"treated_at"})
        outbox.emit(
            "consultation.treated",
            key=f"consultation:{row.code}",
            payload={
                "site": str(site.code),
                "patient": str(patient.code),
                "vertical": row.vertical,
                "at": at.isoformat(),
            },
        )
    return len(rows)


def lock(consultation: Consultation) -> Consultation:
    """The consultation, fresh and locked."""
    return (
        Consultation.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "consultant__user", "origin", "appointment", "fee_item")
        .get(pk=consultation.pk)
    )


def within_open_hours(site: Site, start: datetime, hours: int) -> datetime:
    """``hours`` hours in which ``site`` is open after ``start``, in UTC; by the clock for a site that never opens."""
    day = clock.local(start, site.timezone).date()
    try:
        return calendars.add_business_minutes(start, hours * 60, weekly_hours(site, since=day), site.timezone)
    except calendars.NeverOpen:
        return start + timedelta(hours=hours)


def _origin(patient: Patient | None, phone: str, site: Site, now: datetime) -> Consultation | None:
    """The first consultation that one of this customer at this time repeats."""
    same = Q()
    if patient is not None:
        same |= Q(patient=patient)
    if phone:
        # A family may share a phone: with two files the file decides.
        same |= Q(phone_index__marks=phone) & (Q(patient__isnull=True) if patient is not None else Q())
    if not same:
        return None
    since = now - timedelta(days=parameters.value("repeat_consultation_days", site=site))
    rows = Consultation.objects.filter(same, origin__isnull=True, opened_at__gte=since).exclude(state="left")
    return rows.order_by("opened_at", "id").first()


def _refuse_closed(consultation: Consultation) -> None:
    if consultation.state not in WORKED_ON:
        raise Conflict(
            "not_open", _("This consultation is not going on; nothing is written into it."), state=consultation.state
        )


def _forget_understanding(consultation: Consultation) -> None:
    if consultation.understood_at is not None:
        consultation.understood_at, consultation.understood_with_name = None, ""
    consultation.bump({"understood_at", "understood_with_name"})


def _refuse_unanalysed(consultation: Consultation) -> None:
    missing = [name for name in ("need", "condition", "further", "advice") if not getattr(consultation, name)]
    if missing:
        raise RuleRefused(
            "analysis_missing",
            _("Write down need, condition, what is further needed and the advice first."),
            fields={name: [_("Required")] for name in missing},
        )


def _refuse_unanswered(consultation: Consultation) -> None:
    # One that a doctor has is promised with a time; it is tracked there.
    open_ones = consultation.questions.filter(closed_at__isnull=True, talks__isnull=True)
    if open_ones.exists():
        raise RuleRefused(
            "questions_open",
            _("A question has no final answer. Name its source, or hand it to a doctor with a time."),
            questions=open_ones.count(),
        )


def _refuse_unrecommended(consultation: Consultation, outcome: str) -> None:
    rows = list(consultation.recommendations.all())
    if outcome == "accepted" and not rows:
        raise RuleRefused("recommendation_missing", _("Write down what the customer accepts: recommend it first."))
    if any(row.needs_disclosure for row in rows) and consultation.understood_at is None:
        raise RuleRefused(
            "understanding_missing",
            _("Go through risks and precautions with the customer and confirm that they understood."),
            cures=(Cure(_("Confirm the understanding")),),
        )


def _booking(consultation: Consultation, appointment: Appointment | None) -> Appointment:
    if appointment is None:
        sentence = _("Choose the booking. Somebody without a file is registered first.")
        raise RuleRefused("appointment_missing", sentence, fields={"appointment": [sentence]})
    if appointment.patient_id != consultation.patient_id:
        raise RuleRefused("appointment_of_another", _("This booking belongs to another patient."))
    return appointment


def _call_back(consultation: Consultation, next_step: str, day: date | None) -> date:
    if not next_step.strip() or day is None:
        sentence = _("Write the next step and the day on which you call back.")
        missing = {"next_step": next_step.strip(), "call_back_on": day}
        raise RuleRefused(
            "next_step_missing",
            sentence,
            fields={name: [_("Required")] for name, given in missing.items() if not given},
        )
    if day < clock.today(consultation.site.timezone):
        sentence = _("Choose today or a later day.")
        raise RuleRefused("call_back_in_the_past", sentence, fields={"call_back_on": [sentence]})
    require_phone(read_caller(name="", sex="", phone=consultation.phone, patient=consultation.patient))
    return day


def _ask_to_call(by: Actor, consultation: Consultation) -> None:
    assert consultation.call_back_on is not None
    user = consultation.consultant.user if consultation.consultant is not None else None
    due = clock.at_local(consultation.call_back_on, LATEST, consultation.site.timezone)
    open_task(
        by=by,
        kind=CALL_BACK,
        key=str(consultation.code),
        room="consultation",
        title=gettext_noop("Call %(subject)s: have they decided?")
        if consultation.patient is not None
        else gettext_noop("Call an undecided customer"),
        detail=gettext_noop("Advised on %(advised_at)s"),
        args={"advised_at": consultation.started_at},
        subject=("patient", consultation.patient.code) if consultation.patient is not None else None,
        icon="phone",
        group="promise",
        due_at=due,
        assignee=user if user is not None and user.is_active else None,
        roles=CONSULTANTS,
        site=consultation.site,
        escalates_at=due + timedelta(days=1),
        escalates_to=LEADERS,
        url=("consultation:consultation", str(consultation.code)),
        closed_in_inbox=False,
    )


def _count_success(consultation: Consultation) -> None:
    """What the customer took up counts for their first consultation."""
    if consultation.state not in SUCCESSFUL:
        return
    first = _counted(consultation)
    name = "booked_at" if consultation.state == "booked" else "accepted_at"
    if getattr(first, name) is None:
        setattr(first, name, getattr(consultation, name))
    first.lost_at = None
    first.bump({name, "lost_at"})


def _counted(consultation: Consultation) -> Consultation:
    """The first consultation of this customer, locked."""
    if consultation.origin_id is None:
        return consultation
    return Consultation.objects.select_for_update().get(pk=consultation.origin_id)


def _take_back(by: Actor, consultation: Consultation, reason: str, *, moved_by: Actor | None = None) -> Consultation:
    CONSULTATION.move(consultation, "withdrawn", by=moved_by or by, reason=reason)
    first = _counted(consultation)
    first.lost_at = consultation.withdrawn_at
    first.bump({"lost_at"})
    cancel_task(by=by, kind=CALL_BACK, key=str(consultation.code), reason="withdrawn")
    _emit("consultation.withdrawn", consultation)
    return consultation


def _emit(event: str, consultation: Consultation, **more: Any) -> None:
    # The figure belongs to the day of the first consultation.
    started = consultation.first.started_at or consultation.opened_at
    outbox.emit(
        event,
        key=f"consultation:{consultation.code}",
        payload={
            "consultation": str(consultation.code),
            "site": str(consultation.site.code),
            "day": f"{clock.local(started, consultation.site.timezone):%Y-%m-%d}",
            **more,
        },
    )
