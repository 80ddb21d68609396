"""What becomes of praise, suggestions and opinions: given to a department and a person, dealt with, told (SV-005)."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.complaints.intake import FEEDBACK_DUE, SORT
from services.complaints.machines import FEEDBACK
from services.complaints.models import Feedback
from services.consultation.transfers import departments
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, settle_task

PROCESS, TELL = "complaints.feedback", "complaints.tell_feedback"
TO_TELL = timedelta(days=1)


@action(permission="complaints.assign")
def assign_feedback(*, by: Actor, feedback: Feedback, department: str, responsible: StaffMember | None) -> Feedback:
    """Give feedback to a department **and** a person, or to another one (SV-005).

    Raises RuleRefused (``responsible_missing``, ``department_unknown``, ``responsible_unreachable``), Conflict.
    """
    if department and department not in departments():
        sentence = _("Choose a department.")
        raise RuleRefused("department_unknown", sentence, fields={"department": [sentence]})
    if responsible is not None and responsible.user is None:
        sentence = _("%(name)s has no account to work with.") % {"name": responsible.name}
        raise RuleRefused("responsible_unreachable", sentence, fields={"responsible": [sentence]})
    before = feedback.responsible
    FEEDBACK.move(feedback, "assigned", by=by, department=department, responsible=responsible)
    settle_task(by=by, kind=SORT, key=str(feedback.code), result="assigned")
    if before is not None:
        cancel_task(by=by, kind=PROCESS, key=f"{feedback.code}:{before.code}", reason="given to somebody else")
    assert responsible is not None
    due = max(clock.day_bounds(feedback.due_on, feedback.site.timezone)[1], clock.now())
    open_task(
        by=by,
        kind=PROCESS,
        key=f"{feedback.code}:{responsible.code}",
        room="complaints",
        title=gettext_noop("Deal with feedback %(number)s"),
        detail=gettext_noop("Until %(due_on)s"),
        args={"number": feedback.number, "due_on": feedback.due_on},
        icon="message",
        due_at=due,
        assignee=responsible.user,
        escalates_at=due,
        escalates_to=("supervisor", "service_supervisor", "clinic_director"),
        site=feedback.site,
        url=("complaints:feedback", str(feedback.code)),
        closed_in_inbox=False,
    )
    return feedback


@action(permission=None, reason="the state machine names who: the person responsible")
def process_feedback(*, by: Actor, feedback: Feedback, measure: str) -> Feedback:
    """What the person responsible did about it. Late, it stays late. Whoever left a name is told next.

    Raises RuleRefused (``not_responsible``, ``measure_missing``), Conflict (``invalid_transition``), Forbidden.
    """
    FEEDBACK.move(feedback, "processed", by=by, measure=measure)
    timers.cancel(FEEDBACK_DUE, str(feedback.code))
    if feedback.responsible is not None:
        settle_task(by=by, kind=PROCESS, key=f"{feedback.code}:{feedback.responsible.code}", result="processed")
    end = clock.day_bounds(feedback.due_on, feedback.site.timezone)[1]
    if clock.now() >= end and feedback.overdue_at is None:
        feedback.overdue_at = end
        feedback.bump({"overdue_at"})
    if feedback.customer_name:
        open_task(
            by=by,
            kind=TELL,
            key=str(feedback.code),
            room="complaints",
            title=gettext_noop("Feedback %(number)s: tell the customer what came of it"),
            args={"number": feedback.number},
            icon="phone",
            group="promise",
            due_at=clock.now() + TO_TELL,
            roles=("customer_service", "front_desk", "phone_agent"),
            escalates_at=clock.now() + TO_TELL,
            escalates_to=("supervisor", "service_supervisor"),
            site=feedback.site,
            url=("complaints:feedback", str(feedback.code)),
            closed_in_inbox=False,
        )
    return feedback


@action(permission="complaints.receive")
def tell_customer(*, by: Actor, feedback: Feedback, answer: str) -> Feedback:
    """The customer hears what came of it. Raises RuleRefused (``nobody_to_tell``, ``answer_missing``), Conflict."""
    FEEDBACK.move(feedback, "told", by=by, answer=answer)
    settle_task(by=by, kind=TELL, key=str(feedback.code), result="told")
    return feedback


@action(
    permission=None, reason="the state machine names who: customer service, or the supervisor where nobody left a name"
)
def confirm_feedback(*, by: Actor, feedback: Feedback, satisfied: bool | None = None) -> Feedback:
    """It is finished, and whether the customer is content (None where nobody left a name). Who is not content can complain:
    ``upgrade_feedback``.

    Raises RuleRefused (``customer_not_told``, ``satisfaction_missing``), Conflict, Forbidden.
    """
    if feedback.customer_name and satisfied is None and feedback.state == "told":
        sentence = _("Ask whether the customer is content.")
        raise RuleRefused("satisfaction_missing", sentence, fields={"satisfied": [sentence]})
    FEEDBACK.move(feedback, "confirmed", by=by, satisfied=bool(satisfied))
    payload = {"feedback": str(feedback.code), "site": str(feedback.site.code), "at": clock.now().isoformat()}
    outbox.emit("complaints.feedback_confirmed", key=str(feedback.code), payload=payload)
    return feedback


@action(permission=None, reason="the clock: nobody dealt with it in time")
def note_feedback_overdue(*, by: Actor, feedback: Feedback) -> Feedback:
    """Its day has passed: it stays late, also when it is dealt with later."""
    found = Feedback.objects.select_for_update(of=("self",)).select_related("site").get(pk=feedback.pk)
    if found.state not in ("collected", "assigned") or found.overdue_at is not None:
        return found
    found.overdue_at = clock.day_bounds(found.due_on, found.site.timezone)[1]
    found.bump({"overdue_at"})
    audit.record(by=by, verb="complaints.feedback_overdue", target=found, site=found.site.code)
    return found
