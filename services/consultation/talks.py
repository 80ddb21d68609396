"""Questions of customers and the doctors who answer them: nothing is guessed, nothing is left open in silence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.consultation.actions import CONSULTANTS, LEADERS, lock, within_open_hours
from services.consultation.machines import TALK
from services.consultation.models import Consultation, DoctorTalk, KnowledgeVersion, Question
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task
from services.telephone import phrases

ANSWER, BRING = "consultation.doctor_answer", "consultation.bring_back"
OVER = ("waiting", "left", "withdrawn", "refused")


@action(permission="consultation.consult")
def note_question(*, by: Actor, consultation: Consultation, text: str, is_complex: bool = False) -> Question:
    """Write a question down. It is open until it is answered from a named source (CS-002).

    Raises RuleRefused (``question_missing``), Conflict (``not_open``).
    """
    consultation = lock(consultation)
    _refuse_over(consultation)
    if not text.strip():
        raise RuleRefused("question_missing", _("Write the question."), fields={"text": [_("Required")]})
    question = Question.objects.create(
        consultation=consultation, text=text.strip(), is_complex=is_complex, asked_at=clock.now()
    )
    audit.record(by=by, verb="consultation.asked", target=question, site=consultation.site.code, complex=is_complex)
    return question


@action(permission="consultation.consult")
def answer_question(
    *,
    by: Actor,
    question: Question,
    source: str,
    answer: str = "",
    reference: str = "",
    standard: KnowledgeVersion | None = None,
) -> Question:
    """Make an answer final, with where it comes from (CS-002): a standard answer in force, the clinic's own information,
    literature by name, or the doctor who was asked. A complex question takes literature or a doctor only. The words of a
    standard answer and of a doctor are taken over where none are typed.

    Raises Conflict (``question_closed``), RuleRefused (``source_unknown``, ``source_needed``, ``reference_missing``,
    ``standard_missing``, ``doctor_not_answered``, ``answer_missing``).
    """
    question = Question.objects.select_for_update(of=("self",)).select_related("consultation__site").get(pk=question.pk)
    if question.closed_at is not None:
        raise Conflict("question_closed", _("This question has its final answer."))
    talk = question.talks.filter(state__in=["answered", "presented"]).order_by("-answered_at").first()
    _refuse_source(question, source, reference=reference, standard=standard, talk=talk)
    words = answer.strip()
    if not words and source == Question.Source.STANDARD and standard is not None:
        words = standard.answer
    elif not words and source == Question.Source.DOCTOR and talk is not None:
        words = talk.answer
    if not words:
        raise RuleRefused("answer_missing", _("Write the answer."), fields={"answer": [_("Required")]})
    question.answer, question.source = words, source
    question.reference = reference.strip() if source == Question.Source.LITERATURE else ""
    question.standard = standard if source == Question.Source.STANDARD else None
    question.talk = talk if source == Question.Source.DOCTOR else None
    question.closed_at, question.closed_by_name = clock.now(), by.name
    question.bump({"answer", "source", "reference", "standard", "talk", "closed_at", "closed_by_name"})
    phrases.nudge(by=by, subject=question.consultation, texts=(words,))
    audit.record(
        by=by, verb="consultation.answered", target=question, site=question.consultation.site.code, source=source
    )
    return question


@action(permission="consultation.consult")
def ask_doctor(
    *,
    by: Actor,
    consultation: Consultation,
    doctor: StaffMember,
    mode: str,
    matter: str = "",
    question: Question | None = None,
    due_at: datetime | None = None,
) -> DoctorTalk:
    """Arrange that a doctor answers, face to face or at a distance (CS-006): due at ``due_at``, else after
    ``consultation_doctor_hours`` open hours. The doctor gets a task; a late one is seen by the superiors.

    Raises RuleRefused (``not_a_doctor``, ``mode_unknown``, ``matter_missing``, ``due_in_the_past``,
    ``question_of_another``), Conflict (``not_open``, ``question_closed``).
    """
    consultation = lock(consultation)
    _refuse_over(consultation)
    if not doctor.is_doctor or doctor.user is None:
        sentence = _("Choose a doctor with an account.")
        raise RuleRefused("not_a_doctor", sentence, fields={"doctor": [sentence]})
    if mode not in DoctorTalk.Mode.values:
        raise RuleRefused("mode_unknown", _("Face to face or at a distance?"), fields={"mode": [_("Required")]})
    if question is not None and question.consultation_id != consultation.pk:
        raise RuleRefused("question_of_another", _("This question belongs to another consultation."))
    if question is not None and question.closed_at is not None:
        raise Conflict("question_closed", _("This question has its final answer."))
    words = matter.strip() or (question.text if question is not None else "")
    if not words:
        raise RuleRefused("matter_missing", _("Write what the doctor is asked."), fields={"matter": [_("Required")]})
    now = clock.now()
    due = due_at or within_open_hours(
        consultation.site, now, parameters.value("consultation_doctor_hours", site=consultation.site)
    )
    if due <= now:
        sentence = _("Choose a later time.")
        raise RuleRefused("due_in_the_past", sentence, fields={"due_at": [sentence]})
    talk = DoctorTalk.objects.create(
        consultation=consultation, question=question, doctor=doctor, mode=mode, matter=words, due_at=due, asked_at=now,
        asked_by_id=by.user_id, asked_by_name=by.name,
    )  # fmt: skip
    title = (
        gettext_noop("A consultant brings %(subject)s to you")
        if mode == DoctorTalk.Mode.FACE_TO_FACE
        else gettext_noop("Answer a consultant about %(subject)s")
    )
    _open(by, talk, ANSWER, title, assignee=doctor.user, roles=())
    audit.record(by=by, verb="consultation.doctor_asked", target=talk, site=consultation.site.code, mode=mode)
    return talk


@action(permission="consultation.consult")
def lead_to_doctor(*, by: Actor, talk: DoctorTalk) -> DoctorTalk:
    """The consultant has led the customer to the doctor and introduced the matter (DE-025).

    Raises RuleRefused (``talk_is_remote``), Conflict (``invalid_transition``).
    """
    TALK.move(talk, "led", by=by)
    return talk


@action(permission="consultation.answer")
def give_answer(*, by: Actor, talk: DoctorTalk, answer: str) -> DoctorTalk:
    """The doctor answers; the consultant is asked to bring it to the customer (CS-006).

    Raises RuleRefused (``answer_missing``, ``not_led_yet``), Forbidden (``talk_not_yours``), Conflict
    (``invalid_transition``).
    """
    if not answer.strip():
        raise RuleRefused("answer_missing", _("Write the answer."), fields={"answer": [_("Required")]})
    TALK.move(talk, "answered", by=by, answer=answer.strip())
    settle_task(by=by, kind=ANSWER, key=str(talk.code), result="answered")
    asker = talk.asked_by
    _open(
        by,
        talk,
        BRING,
        gettext_noop("Bring the doctor's answer to %(subject)s"),
        assignee=asker if asker is not None and asker.is_active else None,
        roles=CONSULTANTS,
    )
    outbox.emit(
        "consultation.doctor_answered",
        key=f"talk:{talk.code}",
        payload={"talk": str(talk.code), "site": str(talk.site.code)},
    )
    return talk


@action(permission="consultation.consult")
def bring_back(*, by: Actor, talk: DoctorTalk, customer_told: bool) -> DoctorTalk:
    """The customer has heard the doctor's answer and the plan was presented: only this ends it, and the question with it
    (CS-006, DE-025).

    Raises RuleRefused (``customer_not_told``), Conflict (``invalid_transition``).
    """
    TALK.move(talk, "presented", by=by, customer_told=customer_told)
    settle_task(by=by, kind=BRING, key=str(talk.code), result="told")
    question = talk.question
    if question is not None and question.closed_at is None:
        answer_question(by=by, question=question, source=Question.Source.DOCTOR)
    return talk


def _refuse_over(consultation: Consultation) -> None:
    if consultation.state in OVER:
        raise Conflict("not_open", _("This consultation is not going on; nothing is written into it."))


def _refuse_source(
    question: Question, source: str, *, reference: str, standard: KnowledgeVersion | None, talk: DoctorTalk | None
) -> None:
    known = Question.Source
    if source not in known.values:
        raise RuleRefused("source_unknown", _("Say where the answer comes from."), fields={"source": [_("Required")]})
    if question.is_complex and source not in (known.LITERATURE, known.DOCTOR):
        sentence = _("A complex question needs literature or a doctor's answer. Until then it stays open.")
        raise RuleRefused("source_needed", sentence, fields={"source": [sentence]})
    if source == known.LITERATURE and not reference.strip():
        raise RuleRefused("reference_missing", _("Name the literature."), fields={"reference": [_("Required")]})
    if source == known.STANDARD and (standard is None or standard.state != "approved"):
        sentence = _("Choose a standard answer that is in force.")
        raise RuleRefused("standard_missing", sentence, fields={"standard": [sentence]})
    if source == known.DOCTOR and talk is None:
        sentence = _("No doctor has answered this question yet. Ask one.")
        raise RuleRefused("doctor_not_answered", sentence, fields={"source": [sentence]})


def _open(by: Actor, talk: DoctorTalk, kind: str, title: str, **who: Any) -> None:
    patient = talk.consultation.patient
    if patient is None:
        title = {
            ANSWER: gettext_noop("A consultant asks you for a customer"),
            BRING: gettext_noop("Bring the doctor's answer to the customer"),
        }[kind]
    open_task(
        by=by,
        kind=kind,
        key=str(talk.code),
        room="consultation",
        title=title,
        detail=gettext_noop("Asked %(asked_at)s"),
        args={"asked_at": talk.asked_at},
        subject=("patient", patient.code) if patient is not None else None,
        icon="message",
        group="promise",
        due_at=talk.due_at,
        site=talk.site,
        escalates_at=talk.due_at,
        escalates_to=LEADERS,
        url=("consultation:talk", str(talk.code)),
        closed_in_inbox=False,
        **who,
    )
