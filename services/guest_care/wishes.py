"""What guests leave with us, wish for, say and ask, and what must not be forgotten about them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.guest_care.actions import LONGEST, needed, refuse_foreign_guest, unique_or, who
from services.guest_care.machine import IN_CUSTODY, LUGGAGE, OPINION, QUESTION, REMINDER, REQUEST
from services.guest_care.models import (
    Luggage,
    ObservationNote,
    OpenQuestion,
    Opinion,
    SpecialRequest,
    TreatmentReminder,
)
from services.reception.actions import lock_visit
from services.reception.models import Visit
from services.reception.selectors import HERE
from services.sites.models import Site
from services.sites.selectors import open_spans, today
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, reschedule_task, settle_task

READ, ANSWER, BRING_BACK, GIVE = (
    "guest_care.opinion",
    "guest_care.answer",
    "guest_care.bring_back",
    "guest_care.reminder",
)
SUPERIORS = ("duty_superior", "supervisor", "service_supervisor")
GIVES = ("nurse", "assistant", "head_nurse")


# --- luggage ----------------------------------------------------------------------------------------------------------


@action(permission="guest_care.log")
def deposit_luggage(
    *,
    by: Actor,
    site: Site,
    tag: str,
    description: str,
    owner: str = "",
    visit: Visit | None = None,
    at_desk: bool = False,
) -> Luggage:
    """Take something of a guest into custody under a tag (FD-017). ``at_desk``: it lies at the main desk at once.

    Raises RuleRefused (``tag_missing``, ``description_missing``, ``owner_missing``), Conflict (``tag_taken``).
    """
    refuse_foreign_guest(site, visit)
    tag = needed(tag, "tag", _("Give it a tag."), 12).upper()
    description = needed(description, "description", _("Write what it is."), 200)
    owner = needed(owner or (visit.patient.name if visit is not None else ""), "owner", _("Whose is it?"), 80)
    taken = Conflict("tag_taken", _("A piece with this tag is still here. Take another tag."))
    if Luggage.objects.filter(site=site, tag=tag, state__in=IN_CUSTODY).exists():
        raise taken
    luggage: Luggage = unique_or(
        taken,
        lambda: Luggage.objects.create(
            site=site, visit=visit, tag=tag, description=description, owner=owner, **who(by)
        ),
    )
    audit.record(by=by, verb="guest_care.luggage_taken", target=luggage, site=site.code)
    if at_desk:
        LUGGAGE.move(luggage, "at_desk", by=by)
    return luggage


@action(permission="guest_care.log")
def carry_to_desk(*, by: Actor, luggage: Luggage) -> Luggage:
    """The lobby has carried it to the main desk. Raises Conflict (``invalid_transition``)."""
    LUGGAGE.move(luggage, "at_desk", by=by)
    return luggage


@action(permission="guest_care.log")
def return_luggage(*, by: Actor, luggage: Luggage, returned_to: str = "") -> Luggage:
    """It was given back, to the owner or to whom the owner named. Raises Conflict (``invalid_transition``)."""
    LUGGAGE.move(luggage, "returned", by=by, returned_to=(returned_to.strip() or luggage.owner)[:80])
    return luggage


# --- requests and opinions ----------------------------------------------------------------------------------------------


@action(permission="guest_care.log")
def take_request(
    *, by: Actor, site: Site, kind: str, words: str, guest_name: str = "", visit: Visit | None = None
) -> SpecialRequest:
    """Note what a guest wishes for (FD-036). Raises RuleRefused (``kind_unknown``, ``words_missing``)."""
    refuse_foreign_guest(site, visit)
    if kind not in SpecialRequest.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose what it is about."), fields={"kind": [_("Required")]})
    words = needed(words, "words", _("Write what the guest wishes for."))
    request = SpecialRequest.objects.create(
        site=site, visit=visit, kind=kind, words=words, guest_name=guest_name.strip()[:80], **who(by)
    )
    audit.record(by=by, verb="guest_care.request_taken", target=request, site=site.code, kind=kind)
    return request


@action(permission="guest_care.log")
def close_request(
    *, by: Actor, request: SpecialRequest, met: bool, unmet_reason: str = "", remark: str = ""
) -> SpecialRequest:
    """The wish was met, or could not be, for a reason (FD-036).

    Raises RuleRefused (``unmet_reason_missing``, ``remark_missing``), Conflict (``invalid_transition``).
    """
    remark = remark.strip()[:LONGEST]
    if met:
        REQUEST.move(request, "met", by=by, remark=remark)
        return request
    if unmet_reason not in SpecialRequest.Unmet.values:
        sentence = _("Say why the wish cannot be met.")
        raise RuleRefused("unmet_reason_missing", sentence, fields={"unmet_reason": [_("Required")]})
    if unmet_reason == SpecialRequest.Unmet.OTHER:
        needed(remark, "remark", _("Write the reason."))
    REQUEST.move(request, "unmet", by=by, unmet_reason=unmet_reason, remark=remark)
    return request


@action(permission="guest_care.log")
def take_opinion(
    *, by: Actor, site: Site, speaker: str, words: str, speaker_name: str = "", visit: Visit | None = None
) -> Opinion:
    """Write down what a guest or the family says, in their words, and pass it to the duty superior (FD-024).

    Raises RuleRefused (``speaker_unknown``, ``words_missing``).
    """
    refuse_foreign_guest(site, visit)
    if speaker not in Opinion.Speaker.values:
        raise RuleRefused("speaker_unknown", _("Who says it?"), fields={"speaker": [_("Required")]})
    words = needed(words, "words", _("Write it down in their words."), 2000)
    opinion = Opinion.objects.create(
        site=site, visit=visit, speaker=speaker, words=words, speaker_name=speaker_name.strip()[:80], **who(by)
    )
    audit.record(by=by, verb="guest_care.opinion_taken", target=opinion, site=site.code, speaker=speaker)
    due = opinion.at + timedelta(minutes=parameters.value("opinion_minutes", site=site))
    open_task(
        by=by,
        kind=READ,
        key=str(opinion.code),
        room="guest_care",
        title=gettext_noop("Read the opinion of a guest"),
        detail=gettext_noop("Noted at %(noted_at)s"),
        args={"noted_at": opinion.at},
        icon="message",
        roles=SUPERIORS,
        site=site,
        due_at=due,
        escalates_at=due,
        escalates_to=("clinic_director",),
        url=("guest_care:opinion", str(opinion.code)),
        closed_in_inbox=False,
    )
    return opinion


@action(permission="guest_care.acknowledge")
def acknowledge_opinion(*, by: Actor, opinion: Opinion, remark: str = "") -> Opinion:
    """The duty superior has read it, and what follows. Raises Conflict (``invalid_transition``)."""
    OPINION.move(opinion, "acknowledged", by=by, remark=remark.strip()[:LONGEST])
    settle_task(by=by, kind=READ, key=str(opinion.code), result="acknowledged")
    return opinion


# --- questions to a doctor ------------------------------------------------------------------------------------------------


def end_of_day(site: Site, day: date, *, after: datetime) -> datetime:
    """When the day of ``site`` ends for the desk: its closing time, or midnight where that has passed."""
    spans = open_spans(site, day)
    closing = spans[-1][1] if spans else None
    return closing if closing is not None and closing > after else clock.day_bounds(day, site.timezone)[1]


@action(permission="guest_care.log")
def ask_doctor(
    *, by: Actor, site: Site, doctor: StaffMember, question: str, guest_name: str = "", visit: Visit | None = None
) -> OpenQuestion:
    """A guest's question is too specialised for the desk: the doctor is asked, and it stays open until the answer was
    brought back (FD-038), due the same day (GV-036).

    Raises RuleRefused (``doctor_needed``, ``question_missing``).
    """
    refuse_foreign_guest(site, visit)
    if not doctor.is_doctor:
        raise RuleRefused("doctor_needed", _("Ask a doctor."), fields={"doctor": [_("Ask a doctor.")]})
    question = needed(question, "question", _("Write the question."), 1000)
    now = clock.now()
    row = OpenQuestion.objects.create(
        site=site,
        visit=visit,
        doctor=doctor,
        question=question,
        guest_name=(guest_name.strip() or (visit.patient.name if visit is not None else ""))[:80],
        due_at=end_of_day(site, today(site), after=now),
        **who(by),
    )
    audit.record(by=by, verb="guest_care.question_asked", target=row, site=site.code, doctor=str(doctor.code))
    open_task(
        by=by,
        kind=ANSWER,
        key=str(row.code),
        room="guest_care",
        title=gettext_noop("A guest has a question for you"),
        detail=gettext_noop("Asked at %(asked_at)s"),
        args={"asked_at": now},
        icon="message",
        assignee=doctor.user if doctor.user is not None and doctor.user.is_active else None,
        roles=("doctor_supervisor", "supervisor"),
        site=site,
        due_at=row.due_at,
        escalates_at=row.due_at,
        escalates_to=SUPERIORS,
        url=("guest_care:question", str(row.code)),
        closed_in_inbox=False,
    )
    return row


@action(permission="guest_care.answer")
def answer_question(*, by: Actor, question: OpenQuestion, answer: str) -> OpenQuestion:
    """The answer for the desk, which brings it back to the guest.

    Raises RuleRefused (``answer_missing``), Conflict (``invalid_transition``).
    """
    answer = needed(answer, "answer", _("Write the answer."), 2000)
    QUESTION.move(question, "answered", by=by, answer=answer)
    settle_task(by=by, kind=ANSWER, key=str(question.code), result="answered")
    open_task(
        by=by,
        kind=BRING_BACK,
        key=str(question.code),
        room="guest_care",
        title=gettext_noop("Bring the doctor's answer back to the guest"),
        detail=gettext_noop("Answered at %(answered_at)s"),
        args={"answered_at": question.answered_at},
        icon="message",
        assignee=question.by,
        roles=("front_desk", "guide", "lobby_receptionist"),
        site=question.site,
        due_at=question.due_at,
        escalates_at=question.due_at,
        escalates_to=SUPERIORS,
        url=("guest_care:question", str(question.code)),
        closed_in_inbox=False,
    )
    return question


@action(permission="guest_care.log")
def bring_answer_back(*, by: Actor, question: OpenQuestion) -> OpenQuestion:
    """The guest has the answer: nothing else closes the question. Raises Conflict (``invalid_transition``)."""
    QUESTION.move(question, "told", by=by)
    settle_task(by=by, kind=BRING_BACK, key=str(question.code), result="told")
    return question


@action(permission="guest_care.carry_over")
def carry_question_over(*, by: Actor, question: OpenQuestion, until: date, reason: str) -> OpenQuestion:
    """The lead of the shift carries an open question over to a later day, for a reason (GV-036).

    Raises RuleRefused (``reason_missing``, ``day_too_early``), Conflict (``question_closed``).
    """
    question = OpenQuestion.objects.select_for_update(of=("self",)).select_related("site").get(pk=question.pk)
    access.require(by, "guest_care.carry_over", site=question.site.code)
    if question.state == "told":
        raise Conflict("question_closed", _("The answer has been brought back."))
    reason = needed(reason, "reason", _("Say why it is carried over."))
    if until <= today(question.site):
        raise RuleRefused("day_too_early", _("Choose a later day."), fields={"until": [_("Choose a later day.")]})
    question.due_at = end_of_day(question.site, until, after=clock.now())
    question.carried_at, question.carried_by_name, question.carried_reason = clock.now(), by.name, reason
    question.bump({"due_at", "carried_at", "carried_by_name", "carried_reason"})
    audit.record(
        by=by, verb="guest_care.question_carried", target=question, site=question.site.code, until=until.isoformat()
    )
    kind = ANSWER if question.state == "asked" else BRING_BACK
    reschedule_task(by=by, kind=kind, key=str(question.code), due_at=question.due_at, escalates_at=question.due_at)
    return question


# --- for the doctor and the nurse ---------------------------------------------------------------------------------------


@action(permission="guest_care.observe")
def note_observation(*, by: Actor, visit: Visit, words: str) -> ObservationNote:
    """Tell the doctor what was noticed about a guest (FD-034): internal, no part of the chart.

    Raises RuleRefused (``words_missing``), Conflict (``guest_not_here``).
    """
    visit = _here(by, visit, "guest_care.observe")
    words = needed(words, "words", _("Write what you noticed."), 300)
    note = ObservationNote.objects.create(site=visit.site, visit=visit, words=words, **who(by))
    audit.record(by=by, verb="guest_care.observed", target=note, site=visit.site.code)
    return note


@action(permission="guest_care.remind")
def set_reminder(*, by: Actor, visit: Visit, kind: str, words: str = "") -> TreatmentReminder:
    """The guest needs a prescription or an injection: shown at the till and in the treatment room until it is done
    (FD-028). It blocks nothing.

    Raises RuleRefused (``kind_unknown``), Conflict (``guest_not_here``, ``reminder_open``).
    """
    visit = _here(by, visit, "guest_care.remind")
    if kind not in TreatmentReminder.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose what it is about."), fields={"kind": [_("Required")]})
    if TreatmentReminder.objects.filter(visit=visit, kind=kind, state="open").exists():
        raise Conflict("reminder_open", _("There is such a reminder already."))
    reminder = TreatmentReminder.objects.create(
        site=visit.site, visit=visit, kind=kind, words=words.strip()[:LONGEST], **who(by)
    )
    audit.record(by=by, verb="guest_care.reminder_set", target=reminder, site=visit.site.code, kind=kind)
    due = reminder.at + timedelta(minutes=parameters.value("reminder_minutes", site=visit.site))
    title = {
        TreatmentReminder.Kind.PRESCRIPTION: gettext_noop("Prescription for %(subject)s"),
        TreatmentReminder.Kind.INJECTION: gettext_noop("Injection for %(subject)s"),
    }[TreatmentReminder.Kind(kind)]
    open_task(
        by=by,
        kind=GIVE,
        key=str(reminder.code),
        room=visit.vertical or "guest_care",
        title=title,
        detail=gettext_noop("Noted at %(noted_at)s"),
        args={"noted_at": reminder.at},
        subject=("patient", visit.patient.code),
        icon="pill",
        roles=GIVES,
        site=visit.site,
        due_at=due,
        escalates_at=due,
        escalates_to=("doctor_supervisor", "supervisor"),
        url=("guest_care:visit", str(visit.code)),
        closed_in_inbox=False,
    )
    return reminder


@action(permission=None, reason="the machine asks for the word of the kind: a prescription or an injection")
def finish_reminder(*, by: Actor, reminder: TreatmentReminder) -> TreatmentReminder:
    """It was handed over or given. An injection is finished by who gives injections, not by the till.

    Raises Forbidden, Conflict (``invalid_transition``).
    """
    if reminder.kind == TreatmentReminder.Kind.INJECTION:
        access.require(by, "guest_care.inject", site=reminder.site.code)
    REMINDER.move(reminder, "done", by=by)
    settle_task(by=by, kind=GIVE, key=str(reminder.code))
    return reminder


@action(permission="guest_care.inject")
def withdraw_reminder(*, by: Actor, reminder: TreatmentReminder, reason: str) -> TreatmentReminder:
    """It is not needed any more. Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``)."""
    reason = needed(reason, "reason", _("Say why."))
    REMINDER.move(reminder, "withdrawn", by=by, reason=reason)
    cancel_task(by=by, kind=GIVE, key=str(reminder.code), reason="withdrawn")
    return reminder


def _here(by: Actor, visit: Visit, word: str) -> Visit:
    visit = lock_visit(visit)
    access.require(by, word, site=visit.site.code)
    if visit.state not in HERE:
        raise Conflict("guest_not_here", _("This guest is not here any more."), state=visit.state)
    return visit
