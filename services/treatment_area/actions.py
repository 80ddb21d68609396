"""Writes about a guest at the chair: companions, the take-over, feedback, silent notes. Rounds and the sheet: ``rounds``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, RuleRefused
from services.policy import gates
from services.reception.actions import lock_visit
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import QueueEvent, Visit
from services.staff.models import StaffMember
from services.staff.selectors import staff_of
from services.tasks.actions import open_task, settle_task
from services.treatment_area import companions
from services.treatment_area.machine import NOTE, RELATIVE
from services.treatment_area.models import (
    AccompanyingRelative,
    Feedback,
    FloorEntry,
    Ground,
    MedicalNeed,
    SilentNote,
)

if TYPE_CHECKING:
    from kernel.identity.models import User

COMPANION = "treatment_area.companion"
TAKE_OVER, NOTE_TO_DOCTOR, NOTE_TO_NURSE = (
    "treatment_area.take_over",
    "treatment_area.note",
    "treatment_area.note_nurse",
)
NOTE_UNANSWERED = "treatment_area.note_unanswered"
LONGEST = 500
NURSES = ("nurse", "assistant")


# --- companions -------------------------------------------------------------------------------------------------------


@action(permission="treatment_area.companions")
def admit_companion(
    *, by: Actor, visit: Visit, name: str, relation: str, ground: str = "", note: str = ""
) -> AccompanyingRelative:
    """Let one member of the family in with a guest who is inside (QU-011): 12 or younger, 70 or older on the visit's
    date, or what else the tenant admits (``ground``; the nurse's reason needs a nurse and ``note``). Whom the rule keeps
    outside comes in only by a doctor's medical need, which is used up by it (QU-023); no superior overrides it.

    Raises Conflict (``guest_not_inside``, ``companion_limit``), RuleRefused (``name_missing`` and the codes of
    ``companions.judge``), Forbidden.
    """
    visit = _inside(by, visit, "treatment_area.companions")
    name = needed(name, "name", _("Write the name of the relative."), 80)
    if relation not in AccompanyingRelative.Relation.values:
        raise RuleRefused("relation_unknown", _("Choose the relation."), fields={"relation": [_("Required")]})
    if ground == Ground.NURSE_REASON:
        access.require(by, "treatment_area.nurse_reason", site=visit.site.code)
        note = needed(note, "note", _("Write the nurse's reason."), LONGEST)
    judgement = companions.judge(visit, relation=relation, ground="" if ground == Ground.MEDICAL_NEED else ground)
    limit = int(parameters.value("companion_max", site=visit.site, at=visit.arrived_at))
    full = visit.relatives.filter(state="inside", medical_need__isnull=True).count() >= limit
    need = None
    if not judgement.ground or full:
        need = MedicalNeed.objects.filter(visit=visit, relative__isnull=True).order_by("at").first()
    if need is None:
        _refuse_companion(by, visit, judgement, full)
    relative = AccompanyingRelative.objects.create(
        site=visit.site, visit=visit, name=name, relation=relation, asked_at=clock.now()
    )
    try:
        with transaction.atomic():
            RELATIVE.move(
                relative,
                "inside",
                by=by,
                ground=Ground.MEDICAL_NEED if need is not None else judgement.ground,
                medical_need=need,
                note=note.strip()[:LONGEST],
            )
    except IntegrityError as error:
        raise _one_only() from error
    return relative


@action(permission="treatment_area.companions")
def refuse_companion(
    *, by: Actor, visit: Visit, name: str, relation: str, refusal: str, words: str = ""
) -> AccompanyingRelative:
    """Keep the request of somebody who was persuaded to stay outside, with its reason (QU-023).

    Raises RuleRefused (``name_missing``, ``relation_unknown``, ``reason_missing``), Conflict (``guest_not_here``).
    """
    visit = lock_visit(visit)
    access.require(by, "treatment_area.companions", site=visit.site.code)
    if visit.state not in (*UNSEEN, *HOLDS_CHAIR):
        raise Conflict("guest_not_here", _("This guest is not here any more."), state=visit.state)
    name = needed(name, "name", _("Write the name of the relative."), 80)
    if relation not in AccompanyingRelative.Relation.values:
        raise RuleRefused("relation_unknown", _("Choose the relation."), fields={"relation": [_("Required")]})
    words = words.strip()[:LONGEST]
    if refusal not in AccompanyingRelative.Refusal.values or (refusal == "other" and not words):
        raise RuleRefused("reason_missing", _("Say why the relative stays outside."), fields={"words": [_("Required")]})
    relative = AccompanyingRelative.objects.create(
        site=visit.site, visit=visit, name=name, relation=relation, asked_at=clock.now()
    )
    RELATIVE.move(relative, "refused", by=by, why=refusal, words=words)
    return relative


@action(permission="treatment_area.companions")
def companion_out(*, by: Actor, relative: AccompanyingRelative) -> AccompanyingRelative:
    """The relative has left the treatment area. Raises Conflict (``invalid_transition``)."""
    RELATIVE.move(relative, "out", by=by)
    return relative


@action(permission="treatment_area.medical_need")
def enter_medical_need(*, by: Actor, visit: Visit, reason: str) -> MedicalNeed:
    """The doctor wants one person beside the guest for a medical reason (QU-023).

    Raises Forbidden (``doctor_needed``) for anybody who is no doctor, RuleRefused (``reason_missing``), Conflict.
    """
    visit = lock_visit(visit)
    access.require(by, "treatment_area.medical_need", site=visit.site.code)
    me = staff_of(by)
    if me is None or not me.is_doctor or by.user_id is None:
        raise Forbidden("doctor_needed", _("Only a doctor enters a medical need."))
    if visit.state not in (*UNSEEN, *HOLDS_CHAIR):
        raise Conflict("guest_not_here", _("This guest is not here any more."), state=visit.state)
    need = MedicalNeed.objects.create(
        visit=visit,
        reason=needed(reason, "reason", _("Write the medical reason."), LONGEST),
        at=clock.now(),
        by_id=by.user_id,
        by_name=by.name,
    )
    audit.record(by=by, verb="treatment_area.medical_need", target=need, site=visit.site.code, visit=str(visit.code))
    return need


# --- take-over and feedback -------------------------------------------------------------------------------------------


@action(permission="treatment_area.take_over")
def sign_take_over(*, by: Actor, visit: Visit, remark: str = "") -> FloorEntry:
    """The nurse signs the floor register for a guest who was led in (QU-010). Whoever led the guest in does not sign.

    Raises Conflict (``guest_not_inside``, ``already_taken_over``), Forbidden (``giver_cannot_sign``, ``person_needed``).
    """
    visit = _inside(by, visit, "treatment_area.take_over")
    if by.user_id is None:
        raise Forbidden("person_needed", _("A signature needs a person."))
    if FloorEntry.objects.filter(visit=visit).exists():
        raise Conflict("already_taken_over", _("This guest has been taken over already."))
    giver = QueueEvent.objects.filter(visit=visit, what="led_in").order_by("at", "id").last()
    if giver is not None and giver.by_id == by.user_id:
        raise Forbidden(
            "giver_cannot_sign",
            _("You led this guest in. Another nurse signs for the guest."),
            cures=(Cure(_("Another nurse signs the floor register"), role="nurse"),),
        )
    entry = FloorEntry.objects.create(
        site=visit.site,
        visit=visit,
        given_by_id=giver.by_id if giver is not None else None,
        given_by_name=giver.by_name if giver is not None else "",
        received_by_id=by.user_id,
        received_by_name=by.name,
        remark=remark.strip()[:LONGEST],
        signed_at=clock.now(),
    )
    audit.record(by=by, verb="treatment_area.taken_over", target=entry, site=visit.site.code, visit=str(visit.code))
    timers.cancel(TAKE_OVER, str(visit.code))
    settle_task(by=by, kind=TAKE_OVER, key=str(visit.code), result="signed")
    return entry


@action(permission="treatment_area.feedback")
def give_feedback(*, by: Actor, visit: Visit, about: str, is_good: bool, words: str = "") -> Feedback:
    """What the attendant saw: was the guest received to standard by the nurse, was the chart written (QU-010, QU-020).

    Nobody judges themselves. Raises Conflict (``not_taken_over``, ``not_finished``, ``feedback_given``), Forbidden
    (``own_feedback``), RuleRefused (``words_missing`` when it was not to standard).
    """
    visit = lock_visit(visit)
    access.require(by, "treatment_area.feedback", site=visit.site.code)
    if about not in Feedback.About.values:
        raise RuleRefused("about_unknown", _("Choose what this is about."), fields={"about": [_("Required")]})
    entry = FloorEntry.objects.filter(visit=visit).first()
    if about == Feedback.About.RECEPTION and entry is None:
        raise Conflict("not_taken_over", _("No nurse has signed for this guest yet."))
    if about == Feedback.About.CHART and visit.finished_at is None:
        raise Conflict("not_finished", _("The treatment is not finished yet."), state=visit.state)
    judged = entry.received_by_id if about == Feedback.About.RECEPTION and entry else visit.doctor.user_id
    if by.user_id is not None and judged == by.user_id:
        raise Forbidden("own_feedback", _("Nobody judges their own work. Somebody else notes it."))
    words = words.strip()[:LONGEST] if is_good else needed(words, "words", _("Write what was missing."), LONGEST)
    if Feedback.objects.filter(visit=visit, about=about).exists():
        raise Conflict("feedback_given", _("This has been noted already; it stays as it is."))
    given = Feedback.objects.create(
        site=visit.site, visit=visit, about=about, is_good=is_good, words=words, at=clock.now(), **who(by)
    )
    audit.record(by=by, verb="treatment_area.feedback", target=given, site=visit.site.code, about=about, good=is_good)
    return given


# --- silent notes -----------------------------------------------------------------------------------------------------


@action(permission="treatment_area.note")
def send_note(*, by: Actor, visit: Visit, text: str, doctor: StaffMember | None = None) -> SilentNote:
    """Tell a doctor whose chair is occupied, and the nurse there, about a guest who waits (QU-012). Default: the guest's
    doctor. Unanswered after ``note_reply_minutes`` it goes to the head nurse.

    Raises Conflict (``guest_not_waiting``, ``note_open``), RuleRefused (``doctor_is_free``, ``text_missing``).
    """
    visit = lock_visit(visit)
    site = visit.site
    access.require(by, "treatment_area.note", site=site.code)
    doctor = doctor or visit.doctor
    if visit.state not in UNSEEN:
        raise Conflict("guest_not_waiting", _("This guest is not waiting."), state=visit.state)
    text = needed(text, "text", _("Write the note."), LONGEST)
    busy = (
        Visit.objects.filter(site=site, doctor=doctor, state__in=HOLDS_CHAIR)
        .select_related("floor_entry__received_by")
        .order_by("-led_in_at")
        .first()
    )
    if busy is None:
        raise RuleRefused(
            "doctor_is_free", _("No guest sits with this doctor: speak to the doctor, no note is needed.")
        )
    entry = getattr(busy, "floor_entry", None)
    nurse: User | None = entry.received_by if entry is not None else None
    try:
        with transaction.atomic():
            note = SilentNote.objects.create(
                site=site,
                visit=visit,
                doctor=doctor,
                nurse=nurse,
                text=text,
                sent_at=clock.now(),
                sent_by_id=by.user_id,
                sent_by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("note_open", _("A note about this guest is open with the doctor already.")) from error
    audit.record(by=by, verb="treatment_area.note_sent", target=note, site=site.code, visit=str(visit.code))
    due = note.sent_at + timedelta(minutes=parameters.value("note_reply_minutes", site=site))
    asked: list[tuple[str, User | None, tuple[str, ...]]] = [(NOTE_TO_NURSE, nurse, NURSES)]
    if doctor.user is not None:
        asked.append((NOTE_TO_DOCTOR, doctor.user, ("doctor",)))
    for kind, person, roles in asked:
        ask_about(by, kind, str(note.code), visit, gettext_noop("Note from the waiting area: %(subject)s"),
             ("treatment_area:note", str(note.code)), icon="message", roles=roles, assignee=person, due_at=due)  # fmt: skip
    timers.schedule(NOTE_UNANSWERED, str(note.code), due, {"note": str(note.code)})
    return note


@action(permission="treatment_area.reply")
def reply_note(*, by: Actor, note: SilentNote, reply: str) -> SilentNote:
    """Answer a note; the time until the answer is kept (QU-012). The doctor it went to answers it, or a nurse.

    Raises Forbidden (``note_for_another``), RuleRefused (``reply_missing``), Conflict (``invalid_transition``).
    """
    me = staff_of(by)
    if me is not None and me.is_doctor and me.pk != note.doctor_id:
        raise Forbidden("note_for_another", _("This note went to another doctor."))
    NOTE.move(note, "answered", by=by, reply=needed(reply, "reply", _("Write the reply."), LONGEST))
    _close_note(by, note, "answered")
    return note


@action(permission="treatment_area.note")
def withdraw_note(*, by: Actor, note: SilentNote) -> SilentNote:
    """The note has lost its reason. Raises Conflict (``invalid_transition``)."""
    NOTE.move(note, "withdrawn", by=by)
    _close_note(by, note, "withdrawn")
    return note


@action(permission=None, reason="the clock finds a note that nobody has answered")
def escalate_note(*, by: Actor, note: SilentNote) -> SilentNote:
    """Nobody has answered in time: the head nurse gets the note."""
    NOTE.move(note, "escalated", by=by)
    visit = Visit.objects.select_related("site", "patient").get(pk=note.visit_id)
    ask_about(by, NOTE_UNANSWERED, str(note.code), visit, gettext_noop("Nobody answers the note about %(subject)s"),
         ("treatment_area:note", str(note.code)), icon="message", roles=("head_nurse",), due_at=clock.now(),
         escalates_after=10, escalates_to=("supervisor", "clinic_director"))  # fmt: skip
    return note


# --- helpers ----------------------------------------------------------------------------------------------------------


def _inside(by: Actor, visit: Visit, word: str) -> Visit:
    """The visit, locked, with its guest in the treatment area."""
    visit = lock_visit(visit)
    access.require(by, word, site=visit.site.code)
    if visit.state not in HOLDS_CHAIR:
        raise Conflict("guest_not_inside", _("This guest is not in the treatment area."), state=visit.state)
    return visit


def _refuse_companion(by: Actor, visit: Visit, judgement: companions.Judgement, full: bool) -> None:
    """Ask the gate, which nobody overrides; the limit comes first where the guest has an exemption."""
    cure = Cure(_("The doctor enters a medical need"), role="doctor")
    if judgement.ground and full:
        refusal = _one_only()
        gates.check(COMPANION, by=by, subject=visit, ok=False, message=refusal.message, cures=(cure,),
                    code=refusal.code, refusal=Conflict)  # fmt: skip
    gates.check(COMPANION, by=by, subject=visit, ok=bool(judgement.ground), message=judgement.message, cures=(cure,),
                code=judgement.code)  # fmt: skip


def _one_only() -> Conflict:
    return Conflict("companion_limit", _("One relative is inside already; a second one stays in the waiting area."))


def ask_about(
    by: Actor,
    kind: str,
    key: str,
    visit: Visit,
    title: str,
    url: tuple[str, ...],
    *,
    escalates_after: int | None = None,
    **more: Any,
) -> None:
    """A task about a guest that the room closes by itself."""
    if escalates_after is not None:
        more["escalates_at"] = clock.now() + timedelta(minutes=escalates_after)
    open_task(by=by, kind=kind, key=key, room=visit.vertical or "treatment_area", title=title, site=visit.site,
              subject=("patient", visit.patient.code), url=url, closed_in_inbox=False, **more)  # fmt: skip


def _close_note(by: Actor, note: SilentNote, result: str) -> None:
    timers.cancel(NOTE_UNANSWERED, str(note.code))
    for kind in (NOTE_TO_DOCTOR, NOTE_TO_NURSE, NOTE_UNANSWERED):
        settle_task(by=by, kind=kind, key=str(note.code), result=result)


def who(by: Actor) -> dict[str, Any]:
    """The columns of whoever did it."""
    return {"by_id": by.user_id, "by_name": by.name}


def needed(text: str, field: str, sentence: str, longest: int) -> str:
    """``text`` without blanks at its ends. Raises RuleRefused (``<field>_missing``)."""
    if not text.strip():
        raise RuleRefused(f"{field}_missing", sentence, fields={field: [_("Required")]})
    return text.strip()[:longest]
