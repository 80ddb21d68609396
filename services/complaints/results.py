"""Telling the customer, and what follows until the customer is content (CP-004, CP-010, CP-014 to CP-017, FU-015)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.complaints import cases, people, remedies, routing, ways
from services.complaints.intake import REPLY_DUE
from services.complaints.machines import COMPLAINT, UNANSWERED
from services.complaints.models import Complaint, Evidence, Remedy, Round
from services.followup.actions import drop_plans, plan_from
from services.followup.machine import UNDONE
from services.followup.models import FollowUp
from services.tasks.actions import cancel_task, open_task, settle_task

TRIGGER, RULE = "complaints.satisfied", "complaint_result"
FOLLOW_UP, OVERDUE = "complaints.follow_up", "complaints.overdue"
CALLERS = ("customer_service", "follow_up_caller", "front_desk")
# Where no file is known, the call is a task of this room; as long after as the rule's first offset.
CALL_AFTER = timedelta(days=7)
# Management may conclude here; nobody closes in the ordinary way.
UNFOLLOWED = ("replied", "negotiating", "mediating", "satisfied", "solved_on_spot")
ENGINE = Actor.system("complaints")


@action(permission="complaints.receive")
def solve_on_the_spot(*, by: Actor, complaint: Complaint, solution: str) -> Complaint:
    """Whoever can solve it does so at once, with a record (CP-004, CP-028): the first answer. A follow-up asks whether the
    customer is content.

    Raises RuleRefused (``serious_not_on_the_spot``, ``solution_missing``, ``complaint_about_you``), Conflict.
    """
    COMPLAINT.move(complaint, "solved_on_spot", by=by, solution=solution)
    complaint = cases.lock(complaint)
    settle_task(by=by, kind=routing.ROUTED, key=f"{complaint.code}:{complaint.reopenings}", result="solved")
    _answered(by, complaint)
    _plan_follow_up(by, complaint)
    return complaint


@action(permission="complaints.handle")
def reply(*, by: Actor, complaint: Complaint, words: str, how: str = Round.How.PHONE) -> Round:
    """Tell the customer what was found and what is offered: one round (CP-015, CP-016). The offers become things to do.

    Raises RuleRefused (``reply_missing``, ``approval_first``, ``remedy_missing``, ``how_unknown``,
    ``mediation_result_missing``), Forbidden (``not_your_case``), Conflict (``invalid_transition``).
    """
    if how not in Round.How.values:
        raise RuleRefused("how_unknown", _("Choose how the customer was told."), fields={"how": [_("Required")]})
    COMPLAINT.move(complaint, "replied", by=by, words=words)
    complaint = cases.lock(complaint)
    now = clock.now()
    number = complaint.rounds.count() + 1
    made = Round.objects.create(
        complaint=complaint, number=number, how=how, words=words.strip(), told_at=now, told_by_name=by.name
    )
    for remedy in complaint.remedies.select_for_update().filter(state=Remedy.State.APPROVED, told_at__isnull=True):
        remedy.told_at = now
        remedy.bump({"told_at"})
        remedies.ask_to_do(by, complaint, remedy)
    _answered(by, complaint)
    return made


@action(permission="complaints.handle")
def note_content(*, by: Actor, complaint: Complaint, words: str = "") -> Complaint:
    """The customer is content with the answer; the follow-up is planned (CP-017).

    Raises Forbidden (``not_your_case``), RuleRefused (``mediation_result_missing``), Conflict (``invalid_transition``).
    """
    COMPLAINT.move(complaint, "satisfied", by=by)
    _say(complaint, Round.Outcome.SATISFIED, words)
    _plan_follow_up(by, complaint)
    return complaint


@action(permission="complaints.handle")
def negotiate(*, by: Actor, complaint: Complaint, words: str) -> Complaint:
    """The customer is not content: the next round begins (CP-016).

    Raises RuleRefused (``words_missing``), Forbidden (``not_your_case``), Conflict (``invalid_transition``).
    """
    COMPLAINT.move(complaint, "negotiating", by=by, words=words)
    _say(complaint, Round.Outcome.DISSATISFIED, words)
    _call_off(by, complaint)
    return complaint


@action(permission="complaints.handle")
def mediate(*, by: Actor, complaint: Complaint, mediator: str, mediation_on: date | None = None) -> Complaint:
    """A third party mediates (CP-010). Raises RuleRefused (``mediator_missing``), Forbidden, Conflict."""
    day = mediation_on or clock.today(complaint.site.timezone)
    COMPLAINT.move(complaint, "mediating", by=by, mediator=mediator, mediation_on=day)
    return complaint


@action(permission="complaints.handle")
def note_mediation(*, by: Actor, complaint: Complaint, result: str) -> Complaint:
    """What the mediation came to (CP-010). Raises RuleRefused (``mediation_result_missing``), Forbidden, Conflict."""
    complaint = cases.lock(complaint)
    refusal = people.refusal_of_others(complaint, by)
    if refusal is not None:
        raise refusal
    if complaint.state != "mediating":
        raise Conflict("invalid_transition", _("Nobody mediates in this case."), state=complaint.state)
    if not result.strip():
        sentence = _("Write what the mediation came to.")
        raise RuleRefused("mediation_result_missing", sentence, fields={"result": [sentence]})
    complaint.mediation_result = result.strip()
    complaint.bump({"mediation_result"})
    audit.record(by=by, verb="complaints.mediated", target=complaint, site=complaint.site.code)
    return complaint


@action(permission="complaints.receive")
def record_follow_up(*, by: Actor, complaint: Complaint, satisfaction: str, words: str = "") -> Complaint:
    """What the customer said in the follow-up, where no follow-up call of the engine is open: nobody has a file, or the
    call was cancelled (CP-017). Satisfaction as the engine knows it: satisfied, mixed, dissatisfied.

    Raises RuleRefused (``satisfaction_unknown``, ``words_missing``, ``complaint_about_you``), Conflict
    (``followed_by_engine``, ``invalid_transition``).
    """
    complaint = cases.lock(complaint)
    refusal = people.refusal_of_accused(complaint, by)
    if refusal is not None:
        raise refusal
    if satisfaction not in FollowUp.Satisfaction.values:
        sentence = _("Choose how satisfied the customer is.")
        raise RuleRefused("satisfaction_unknown", sentence, fields={"satisfaction": [sentence]})
    if satisfaction != FollowUp.Satisfaction.SATISFIED and not words.strip():
        sentence = _("Write what the customer is not content with.")
        raise RuleRefused("words_missing", sentence, fields={"words": [sentence]})
    if open_calls(complaint):
        raise Conflict("followed_by_engine", _("The follow-up call is planned. Its result is written down there."))
    if complaint.state not in ("satisfied", "solved_on_spot"):
        raise Conflict("invalid_transition", _("No follow-up is due in this case."), state=complaint.state)
    settle_task(by=by, kind=FOLLOW_UP, key=source_key(complaint), result=satisfaction)
    return take_follow_up(by=by, complaint=complaint, satisfaction=satisfaction, words=words)


@action(permission=None, reason="the result of a follow-up call moves the case; who called asked for their own word")
def take_follow_up(*, by: Actor, complaint: Complaint, satisfaction: str, words: str = "") -> Complaint:
    """Content: followed up. Not content: the next round, or the case waits for a handler again. Partly, or not reached:
    the next call is planned, until the customer is content (FU-015)."""
    complaint = cases.lock(complaint)
    if complaint.state not in ("satisfied", "solved_on_spot"):
        return complaint
    if satisfaction == FollowUp.Satisfaction.SATISFIED:
        COMPLAINT.move(complaint, "followed_up", by=ENGINE)
        routing.tell("complaints.followed_up", complaint)
        return complaint
    if satisfaction != FollowUp.Satisfaction.DISSATISFIED:
        _plan_follow_up(by, complaint)
        return complaint
    spoken = words.strip() or _("Not content in the follow-up.")
    if complaint.state == "satisfied":
        COMPLAINT.move(complaint, "negotiating", by=ENGINE, words=spoken)
        _say(complaint, Round.Outcome.DISSATISFIED, spoken)
        routing.tell("complaints.dissatisfied", complaint)
        _remind_handler(by, complaint)
        return complaint
    return _begin_again(by, complaint, spoken, moved_by=ENGINE)


@action(permission=None, reason="the state machine names who closes: the handler or the supervisor")
def close(*, by: Actor, complaint: Complaint) -> Complaint:
    """The customer was content in the follow-up and every remedy is done: the case is closed (CP-017).

    Raises RuleRefused (``follow_up_missing``, ``remedies_open``, ``complaint_about_you``), Conflict
    (``invalid_transition``), Forbidden (``transition_forbidden``).
    """
    complaint = cases.lock(complaint)
    if complaint.state in UNFOLLOWED:
        sentence = _("The follow-up is missing: a case is closed when the customer says afterwards to be content.")
        raise RuleRefused("follow_up_missing", sentence)
    COMPLAINT.move(complaint, "closed", by=by)
    return _closed(by, complaint)


@action(permission="complaints.conclude")
def conclude(*, by: Actor, complaint: Complaint, reason: str) -> Complaint:
    """Management closes a case although the customer is not content, with its reason (CP-016).

    Raises RuleRefused (``reason_missing``, ``remedies_open``, ``complaint_about_you``), Conflict (``invalid_transition``).
    """
    if complaint.state == "followed_up":
        raise Conflict("invalid_transition", _("The customer is content: close it in the ordinary way."))
    COMPLAINT.move(complaint, "closed", by=by, reason=reason)
    _call_off(by, complaint)
    return _closed(by, complaint)


@action(permission="complaints.assign")
def reopen(*, by: Actor, complaint: Complaint, words: str) -> Complaint:
    """The customer is not content any more: the case waits for a handler again, with a new promise (CP-016).

    Raises RuleRefused (``words_missing``, ``complaint_about_you``), Conflict (``invalid_transition``).
    """
    return _begin_again(by, complaint, words, moved_by=by)


@action(permission=None, reason="the clock: nobody answered in time")
def note_overdue(*, by: Actor, complaint: Complaint) -> Complaint:
    """The promised moment has passed without an answer: it stays so, and the supervisor is alarmed (CP-015)."""
    complaint = cases.lock(complaint)
    if complaint.state not in UNANSWERED or _has_answer(complaint) or clock.now() < complaint.reply_due_at:
        return complaint
    complaint.overdue_at = complaint.overdue_at or complaint.reply_due_at
    complaint.bump({"overdue_at"})
    audit.record(by=by, verb="complaints.overdue", target=complaint, site=complaint.site.code)
    open_task(
        by=by,
        kind=OVERDUE,
        key=f"{complaint.code}:{complaint.reopenings}",
        room="complaints",
        title=gettext_noop("Complaint %(number)s: the promised answer is overdue"),
        detail=gettext_noop("Promised until %(reply_due_at)s"),
        args={"number": complaint.number, "reply_due_at": complaint.reply_due_at},
        icon="complaint",
        due_at=clock.now(),
        roles=("supervisor", "service_supervisor", *ways.way_of(complaint.vertical).roles),
        escalates_at=clock.now() + timedelta(hours=2),
        escalates_to=("clinic_director", "dean"),
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
        closed_in_inbox=False,
    )
    routing.tell("complaints.overdue", complaint, due_at=complaint.reply_due_at.isoformat())
    return complaint


# --- parts ------------------------------------------------------------------------------------------------------------


def source_key(complaint: Complaint) -> str:
    """What the follow-up engine knows the present follow-up of a case by."""
    return f"complaint:{complaint.code}:{complaint.follow_ups}"


def open_calls(complaint: Complaint) -> bool:
    """Is a follow-up call of the present round planned or going on?"""
    waiting = (*UNDONE, "with_doctor")
    return FollowUp.objects.filter(plan__source_key=source_key(complaint), state__in=waiting).exists()


def _has_answer(complaint: Complaint) -> bool:
    """Was the customer told since the promise that counts now?"""
    since = complaint.reopened_at or complaint.received_at
    answered = [moment for moment in (complaint.replied_at, complaint.solved_at) if moment is not None]
    return any(moment >= since for moment in answered)


def _answered(by: Actor, complaint: Complaint) -> None:
    """The promise is kept or broken, by the clock; the first answer of all is what figures count."""
    now: datetime = clock.now()
    changed = set()
    if complaint.answered_at is None:
        complaint.answered_at = now
        changed.add("answered_at")
    late = now > complaint.reply_due_at and complaint.rounds.filter(told_at__gte=_since(complaint)).count() <= 1
    if late and complaint.overdue_at is None:
        complaint.overdue_at = complaint.reply_due_at
        changed.add("overdue_at")
    if changed:
        complaint.bump(changed)
    timers.cancel(REPLY_DUE, str(complaint.code))
    settle_task(by=by, kind=OVERDUE, key=f"{complaint.code}:{complaint.reopenings}", result="answered")
    routing.tell("complaints.answered", complaint, due_at=complaint.reply_due_at.isoformat())


def _since(complaint: Complaint) -> datetime:
    return complaint.reopened_at or complaint.received_at


def _say(complaint: Complaint, outcome: str, words: str) -> None:
    """What the customer said to the latest answer."""
    row = complaint.rounds.order_by("-number").first()
    if row is not None:
        row.outcome, row.outcome_words, row.outcome_at = outcome, words.strip(), clock.now()
        row.save()


def _plan_follow_up(by: Actor, complaint: Complaint) -> None:
    """The next follow-up: a call of the engine, or a task where no file is known (X20)."""
    complaint.follow_ups += 1
    complaint.bump({"follow_ups"})
    site = complaint.site
    if complaint.patient is not None:
        plan_from(
            by=by,
            trigger=TRIGGER,
            source_key=source_key(complaint),
            site=site,
            patient=complaint.patient,
            anchor_on=clock.today(site.timezone),
            room="complaints",
        )
        return
    due = clock.now() + CALL_AFTER
    open_task(
        by=by,
        kind=FOLLOW_UP,
        key=source_key(complaint),
        room="complaints",
        title=gettext_noop("Complaint %(number)s: is the customer content now?"),
        args={"number": complaint.number},
        icon="phone",
        due_at=due,
        assignee=complaint.handler.user if complaint.handler is not None else None,
        roles=CALLERS,
        escalates_at=due + timedelta(days=1),
        escalates_to=cases.SUPERVISORS,
        site=site,
        url=("complaints:complaint", str(complaint.code)),
        closed_in_inbox=False,
    )


def _call_off(by: Actor, complaint: Complaint) -> None:
    """The planned follow-up has lost its reason."""
    drop_plans(by=by, source_key=source_key(complaint), reason=_("the case goes on"))
    cancel_task(by=by, kind=FOLLOW_UP, key=source_key(complaint), reason="the case goes on")


def _remind_handler(by: Actor, complaint: Complaint) -> None:
    handler = complaint.handler
    open_task(
        by=by,
        kind="complaints.dissatisfied",
        key=source_key(complaint),
        room="complaints",
        title=gettext_noop("Complaint %(number)s: not content in the follow-up"),
        args={"number": complaint.number},
        icon="complaint",
        due_at=clock.now() + timedelta(hours=4),
        assignee=handler.user if handler is not None else None,
        roles=cases.SUPERVISORS if handler is None else (),
        escalates_at=clock.now() + timedelta(hours=4),
        escalates_to=cases.SUPERVISORS,
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
    )


def _begin_again(by: Actor, complaint: Complaint, words: str, *, moved_by: Actor) -> Complaint:
    COMPLAINT.move(complaint, "reopened", by=moved_by, words=words)
    complaint = cases.lock(complaint)
    complaint.reply_due_at = clock.now() + timedelta(hours=ways.reply_hours(complaint.site, complaint.vertical))
    complaint.bump({"reply_due_at"})
    timers.schedule(REPLY_DUE, str(complaint.code), complaint.reply_due_at)
    cases.note(by, complaint, Evidence.Kind.REOPENED, words)
    routing.route(by, complaint)
    routing.tell("complaints.reopened", complaint)
    return complaint


def _closed(by: Actor, complaint: Complaint) -> Complaint:
    timers.cancel(REPLY_DUE, str(complaint.code))
    settle_task(by=by, kind=cases.HANDLE, key=cases.task_key(complaint), result="closed")
    settle_task(by=by, kind=OVERDUE, key=f"{complaint.code}:{complaint.reopenings}", result="closed")
    routing.tell("complaints.closed", complaint)
    return complaint
