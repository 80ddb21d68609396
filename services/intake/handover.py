"""The three places of a special circumstance, and handing a first visit over (FD-005, FD-009)."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, RuleRefused
from services.intake import definitions, findings, selectors
from services.intake.actions import lock_sheet, not_open
from services.intake.machine import OPEN, SHEET
from services.intake.models import HandOver, IntakeSheet, SpecialFinding
from services.patients.actions import update_patient
from services.policy import gates
from services.sites.locking import lock_version
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, settle_task

SIGNATURE = "intake.signature"
TASK = "intake.hand_over"
DUE = "intake.hand_over_due"
# Nurses and assistants mark what is special without keeping files; who did it stands in this room's own audit entry.
FORM = Actor.system("first-visit")
TOLD_OF_BREACHES = ("supervisor", "head_nurse")
LONGEST_ALERT = 200
LONGEST = 500


@action(permission="intake.hand_over")
def mark_special(*, by: Actor, sheet: IntakeSheet, question: str = "", words: str = "") -> SpecialFinding:
    """Keep that an answer, or something told in ``words`` only, is special, and let it stand out on the page (FD-009).

    It stays found: there is no way back. Raises RuleRefused (``question_unknown``, ``words_missing``), Conflict
    (``sheet_not_open``).
    """
    sheet = lock_sheet(sheet, by=by, word="intake.hand_over")
    if sheet.state == "dropped":
        raise not_open(sheet)
    words = words.strip()[:LONGEST]
    if question and question not in definitions.questions(sheet.form.content, sheet.patient):
        raise RuleRefused("question_unknown", _("This question is not on the form."))
    if not question and not words:
        raise RuleRefused("words_missing", _("Write what is special."), fields={"words": [_("Required")]})
    finding = findings.find(by, sheet, question=question, words=words)
    return set_highlight(by=by, finding=finding, on=True)


@action(permission="intake.hand_over")
def set_highlight(*, by: Actor, finding: SpecialFinding, on: bool) -> SpecialFinding:
    """Let a finding stand out on the page, or take the highlight off it. Without it the visitor is not led in; the
    finding stays either way (FD-009)."""
    lock_sheet(finding.sheet, by=by, word="intake.hand_over")
    finding = lock_version(finding, None)
    finding.highlighted_at = clock.now() if on else None
    finding.highlighted_by_name = by.name if on else ""
    finding.bump({"highlighted_at", "highlighted_by_name"})
    audit.record(
        by=by, verb="intake.highlighted" if on else "intake.highlight_removed", target=finding.sheet,
        site=finding.sheet.site.code, question=finding.question,
    )  # fmt: skip
    if on and not finding.sheet.patient.is_special:
        update_patient(by=FORM, patient=finding.sheet.patient, is_special=True)
    return finding


@action(permission="intake.hand_over")
def enter_alert(*, by: Actor, sheet: IntakeSheet, text: str) -> IntakeSheet:
    """Enter what is special into the alert of the patient's file, beside what stands there (FD-009).

    Raises RuleRefused (``alert_missing``, ``nothing_special``).
    """
    sheet = lock_sheet(sheet, by=by, word="intake.hand_over")
    text = " ".join(text.split())[:LONGEST_ALERT]
    if not text:
        raise RuleRefused("alert_missing", _("Write the alert."), fields={"text": [_("Required")]})
    _keep_live_findings(by, sheet)
    if not sheet.findings.exists():
        raise RuleRefused("nothing_special", _("Nothing special was found on this form. Mark the answer first."))
    present = sheet.patient.alert
    if text not in present:
        alert = _("%(before)s; %(more)s") % {"before": present, "more": text} if present else text
        update_patient(by=FORM, patient=sheet.patient, alert=alert, is_special=True)
    sheet.alert_text, sheet.alert_at = text, clock.now()
    sheet.bump({"alert_text", "alert_at"})
    audit.record(by=by, verb="intake.alert_entered", target=sheet, site=sheet.site.code)
    return sheet


@action(permission="intake.hand_over")
def hand_over(
    *,
    by: Actor,
    sheet: IntakeSheet,
    receiver: StaffMember,
    heard: bool = False,
    remark: str = "",
    version: int | None = None,
) -> HandOver:
    """Pass the form to a doctor, assistant or consultant, with its time (FD-005), and tell what is special (FD-009).

    The receiver acknowledges within ``hand_over_confirm_minutes``; the server records a breach otherwise. ``heard``: the
    giver says for the receiver that it was understood; it counts until then where ``hand_over_by_giver`` allows it. Given
    to somebody else, the new hand-over takes the place of the old one, whose breach stays.

    Raises RuleRefused (``receiver_not_suitable``, ``receiver_is_giver``, ``form_not_checked``, ``form_not_signed``,
    ``acknowledge_yourself``), Conflict (``sheet_not_open``), StaleVersion.
    """
    sheet = lock_sheet(sheet, by=by, word="intake.hand_over", version=version)
    if sheet.state == "filling":
        raise RuleRefused(
            "form_not_checked",
            _("Complete the blanks and check the form before you hand it over."),
            cures=(Cure(_("Complete the form"), role="front_desk"),),
        )
    if sheet.state not in OPEN:
        raise not_open(sheet)
    if receiver.pk not in {one.pk for one in selectors.receivers_at(sheet.site)}:
        sentence = _("Choose a doctor, an assistant or a consultant who works here.")
        raise RuleRefused("receiver_not_suitable", sentence, fields={"receiver": [sentence]})
    if receiver.user_id == by.user_id:
        sentence = _("Name somebody else: a hand-over needs two.")
        raise RuleRefused("receiver_is_giver", sentence, fields={"receiver": [sentence]})
    if heard and not parameters.value("hand_over_by_giver", site=sheet.site):
        sentence = _("The receiver acknowledges it in person.")
        raise RuleRefused("acknowledge_yourself", sentence, fields={"heard": [sentence]})
    if sheet.state == "to_sign":
        gates.check(
            SIGNATURE,
            by=by,
            subject=sheet.visit or sheet,
            ok=not signature_demanded(sheet),
            message=_("The form is not signed yet."),
            cures=(Cure(_("Let the visitor sign"), role="front_desk"),),
            code="form_not_signed",
        )
    _replace(by, sheet)
    now = clock.now()
    answers = selectors.answers_of(sheet)
    given = HandOver.objects.create(
        sheet=sheet,
        site=sheet.site,
        giver_id=by.user_id,
        giver_name=by.name,
        receiver=receiver,
        complaint=definitions.complaint_of(sheet.form.content, sheet.patient, answers)
        or (sheet.visit.complaint if sheet.visit is not None else ""),
        circumstances="\n".join((*findings.places(sheet).in_words, *filter(None, [remark.strip()[:LONGEST]]))),
        given_at=now,
        heard=heard,
        confirm_by=now + timedelta(minutes=parameters.value("hand_over_confirm_minutes", site=sheet.site)),
    )
    if sheet.state != "handed_over":
        SHEET.move(sheet, "handed_over", by=by)
    timers.schedule(DUE, str(given.code), given.confirm_by, {"hand_over": str(given.code)})
    open_task(
        by=by,
        kind=TASK,
        key=str(given.code),
        room=sheet.vertical or "intake",
        title=gettext_noop("Acknowledge the hand-over of %(subject)s"),
        detail=gettext_noop("Told by %(giver)s at %(given_at)s"),
        args={"giver": by.name, "given_at": now},
        subject=("patient", sheet.patient.code),
        icon="people",
        due_at=given.confirm_by,
        assignee=receiver.user,
        escalates_at=given.confirm_by,
        escalates_to=TOLD_OF_BREACHES,
        site=sheet.site,
        url=("intake:sheet", str(sheet.code)),
        closed_in_inbox=False,
    )
    audit.record(
        by=by, verb="intake.handed_over", target=sheet, site=sheet.site.code, receiver=receiver.code, heard=heard
    )
    return given


@action(permission="intake.acknowledge")
def acknowledge(*, by: Actor, hand_over: HandOver) -> HandOver:
    """The receiver has heard and understood it. Only the receiver, or who stands in for them. A breach stays one.

    Raises Forbidden (``hand_over_not_yours``), Conflict (``hand_over_replaced``, ``acknowledged_already``).
    """
    sheet = lock_sheet(hand_over.sheet, by=by, word="intake.acknowledge")
    given = lock_version(hand_over, None)
    if not is_for(by, given):
        raise Forbidden(
            "hand_over_not_yours",
            _("Only %(name)s acknowledges this, or who stands in for them.") % {"name": given.receiver.name},
        )
    if given.replaced_at is not None:
        raise Conflict("hand_over_replaced", _("This visitor was handed over to somebody else meanwhile."))
    if given.acknowledged_at is not None:
        raise Conflict("acknowledged_already", _("You have acknowledged this already."))
    given.acknowledged_at, given.acknowledged_by_name = clock.now(), by.name
    given.bump({"acknowledged_at", "acknowledged_by_name"})
    timers.cancel(DUE, str(given.code))
    settle_task(by=by, kind=TASK, key=str(given.code), result="acknowledged")
    SHEET.move(sheet, "acknowledged", by=by)
    return given


@action(permission=None, reason="the clock tells that nobody confirmed a hand-over in time")
def note_breach(*, by: Actor, hand_over: HandOver) -> HandOver:
    """The time to confirm is over: the breach is kept, whatever is done afterwards (FD-009, ledger 17)."""
    given = lock_version(hand_over, None)
    if given.acknowledged_at is None and given.replaced_at is None and given.breached_at is None:
        given.breached_at = clock.now()
        given.bump({"breached_at"})
        audit.record(by=by, verb="intake.hand_over_breached", target=given.sheet, site=given.site.code)
    return given


def is_for(actor: Actor, given: HandOver) -> bool:
    """Is this hand-over meant for ``actor``, or for whom ``actor`` stands in for?"""
    user = given.receiver.user
    return user is not None and (user.pk == actor.user_id or user.code in actor.deputy_for)


def signature_demanded(sheet: IntakeSheet) -> bool:
    """Must this form be signed before it is handed over? That of a newcomer without a booking, where the tenant demands it
    (FD-007)."""
    if sheet.appointment_id is not None or (sheet.visit is not None and sheet.visit.appointment_id is not None):
        return False
    return bool(parameters.value("first_visit_signature", site=sheet.site, vertical=sheet.vertical or None))


def _keep_live_findings(by: Actor, sheet: IntakeSheet) -> None:
    """A yes that stands on an unchecked form is found as soon as somebody acts upon it."""
    for one in findings.places(sheet).found:
        if one.finding is None:
            findings.find(by, sheet, question=one.key)


def _replace(by: Actor, sheet: IntakeSheet) -> None:
    before = HandOver.objects.filter(sheet=sheet, replaced_at__isnull=True).first()
    if before is None:
        return
    before.replaced_at = clock.now()
    before.bump({"replaced_at"})
    timers.cancel(DUE, str(before.code))
    cancel_task(by=by, kind=TASK, key=str(before.code), reason="handed_over_to_another")
