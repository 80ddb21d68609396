"""Working on a case: who handles it, the team, evidence, cause, responsibility (CP-004, CP-011 to CP-013, CP-023)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.complaints import people, routing
from services.complaints.machines import COMPLAINT, ENDED, HANDLED
from services.complaints.models import Complaint, Evidence, Involved, Principle
from services.complaints.people import ACCUSED, HANDLER, LEAD, MEMBER
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.actions import cancel_task, open_task, settle_task

HANDLE = "complaints.handle"
SUPERVISORS = ("supervisor", "service_supervisor", "clinic_director")
# What somebody writes into the evidence; the other kinds are written by the product.
COLLECTED = [kind for kind in Evidence.Kind.values if kind not in ("hand_over", "reopened")]


@action(permission=None, reason="the state machine names who assigns; a case in hand asks for its word below")
def assign(*, by: Actor, complaint: Complaint, handler: StaffMember, words: str = "") -> Complaint:
    """Give the case to its handler, with the limit date (CP-004); later, hand it over to another one, in words (CP-026).

    Raises RuleRefused (``handler_is_accused``, ``complaint_about_you``, ``handler_missing``, ``handler_unreachable``,
    ``words_missing``), Forbidden (``transition_forbidden``), Conflict (``invalid_transition``).
    """
    complaint = lock(complaint)
    _refuse_unreachable(complaint, handler)
    if complaint.state in HANDLED:
        _hand_over(by, complaint, handler, words)
    else:
        COMPLAINT.move(complaint, "assigned", by=by, handler=handler)
        settle_task(by=by, kind=routing.ROUTED, key=f"{complaint.code}:{complaint.reopenings}", result="assigned")
    _end(complaint, HANDLER)
    _begin(complaint, handler, HANDLER)
    audit.record(by=by, verb="complaints.given", target=complaint, site=complaint.site.code, handler=str(handler.code))
    _ask_handler(by, complaint)
    return complaint


@action(permission="complaints.assign")
def set_team(*, by: Actor, complaint: Complaint, lead: StaffMember, members: Sequence[StaffMember]) -> Complaint:
    """Set up the investigation team of a case, or another one (CP-012): a lead and members, none of them concerned.

    Raises RuleRefused (``handler_is_accused``, ``complaint_about_you``, ``team_missing``), Conflict (``case_ended``).
    """
    complaint = _working(by, complaint)
    wanted = [one for one in dict.fromkeys(members) if one != lead]
    if not wanted:
        sentence = _("A team has a lead and at least one member.")
        raise RuleRefused("team_missing", sentence, fields={"members": [sentence]})
    for staff in (lead, *wanted):
        refusal = people.refusal_of_staff(complaint, staff)
        if refusal is not None:
            raise refusal
    _end(complaint, LEAD, MEMBER)
    _begin(complaint, lead, LEAD)
    for staff in wanted:
        _begin(complaint, staff, MEMBER)
    codes = [str(one.code) for one in (lead, *wanted)]
    audit.record(by=by, verb="complaints.team_set", target=complaint, site=complaint.site.code, team=codes)
    complaint.bump(set())
    return complaint


@action(permission="complaints.assign")
def name_concerned(*, by: Actor, complaint: Complaint, staff: StaffMember) -> Involved:
    """Whom the complaint is about, as it turns out later (CP-030).

    Raises RuleRefused (``accused_works_on_it``, ``complaint_about_you``), Conflict (``case_ended``, ``named_already``).
    """
    complaint = _working(by, complaint)
    rows = [one for one in people.standing(complaint) if one.staff_id == staff.pk]
    if any(one.part == ACCUSED for one in rows):
        raise Conflict("named_already", _("%(name)s is named already.") % {"name": staff.name})
    if rows:
        raise RuleRefused(
            "accused_works_on_it",
            _("%(name)s works on this case: give it to somebody else first.") % {"name": staff.name},
        )
    row = _begin(complaint, staff, ACCUSED)
    audit.record(by=by, verb="complaints.concerned", target=complaint, site=complaint.site.code, staff=str(staff.code))
    return row


@action(permission="complaints.handle")
def begin(*, by: Actor, complaint: Complaint) -> Complaint:
    """Begin to investigate. Raises RuleRefused (``team_missing``, ``complaint_about_you``), Forbidden (``not_your_case``),
    Conflict (``invalid_transition``)."""
    COMPLAINT.move(complaint, "investigating", by=by)
    return complaint


@action(permission="complaints.handle")
def collect(*, by: Actor, complaint: Complaint, kind: str, words: str) -> Evidence:
    """Keep what a record or a talk says (CP-011); it is never changed.

    Raises RuleRefused (``kind_unknown``, ``words_missing``), Forbidden (``not_your_case``), Conflict (``case_ended``).
    """
    complaint = lock(complaint)
    refuse_ended(complaint)
    _refuse_others(by, complaint)
    if kind not in COLLECTED:
        raise RuleRefused("kind_unknown", _("Choose what it is."), fields={"kind": [_("Required")]})
    return note(by, complaint, kind, words)


@action(permission="complaints.handle")
def keep_principle(*, by: Actor, complaint: Complaint, key: str, words: str = "") -> Principle:
    """Tick a point of the guide with what is to be recorded about it (CP-008). A second tick changes the note.

    Raises RuleRefused (``principle_unknown``), Forbidden (``not_your_case``).
    """
    complaint = lock(complaint)
    _refuse_others(by, complaint)
    if key not in Principle.Key.values:
        raise RuleRefused("principle_unknown", _("Choose a point of the guide."), fields={"key": [_("Required")]})
    row = Principle.objects.filter(complaint=complaint, key=key).first() or Principle(complaint=complaint, key=key)
    row.words, row.at, row.by_name = words.strip(), clock.now(), by.name
    row.save()
    audit.record(by=by, verb="complaints.principle_kept", target=complaint, site=complaint.site.code, key=key)
    return row


@action(permission="complaints.handle")
def determine(
    *,
    by: Actor,
    complaint: Complaint,
    cause: str,
    opinion: str,
    department: str = "",
    responsible: StaffMember | None = None,
) -> Complaint:
    """Cause, responsible department or person, and how it should be handled (CP-013).

    Raises RuleRefused (``evidence_missing``, ``cause_missing``, ``opinion_missing``, ``responsible_missing``), Forbidden
    (``not_your_case``), Conflict (``invalid_transition``).
    """
    COMPLAINT.move(
        complaint, "determined", by=by, cause=cause, opinion=opinion, department=department, responsible=responsible
    )
    return complaint


# --- parts ------------------------------------------------------------------------------------------------------------


def lock(complaint: Complaint) -> Complaint:
    """The case, fresh and locked."""
    rows = Complaint.objects.select_for_update(of=("self",))
    return rows.select_related("site__entity", "patient", "handler__user", "visit").get(pk=complaint.pk)


def refuse_ended(complaint: Complaint) -> None:
    """Raises Conflict (``case_ended``)."""
    if complaint.state in ENDED:
        raise Conflict("case_ended", _("This case is closed. Reopen it first."), state=complaint.state)


def note(by: Actor, complaint: Complaint, kind: str, words: str) -> Evidence:
    """Write an entry into the case. Raises RuleRefused (``words_missing``)."""
    if not words.strip():
        sentence = _("Write what it says.")
        raise RuleRefused("words_missing", sentence, fields={"words": [sentence]})
    row = Evidence.objects.create(complaint=complaint, kind=kind, words=words.strip(), at=clock.now(), by_name=by.name)
    audit.record(by=by, verb="complaints.noted", target=complaint, site=complaint.site.code, kind=kind)
    return row


def take_part(complaint: Complaint, staff: StaffMember, part: str) -> Involved:
    """Note that ``staff`` has ``part`` in the case, once. The database refuses whoever stands on the other side."""
    found = complaint.people.filter(staff=staff, part=part, until_at__isnull=True).first()
    return found or _begin(complaint, staff, part)


def _begin(complaint: Complaint, staff: StaffMember, part: str) -> Involved:
    side = 0 if part == ACCUSED else 1
    return Involved.objects.create(complaint=complaint, staff=staff, part=part, side=side, since_at=clock.now())


def _end(complaint: Complaint, *parts: str) -> None:
    complaint.people.filter(part__in=parts, until_at__isnull=True).update(until_at=clock.now())


def _working(by: Actor, complaint: Complaint) -> Complaint:
    complaint = lock(complaint)
    refuse_ended(complaint)
    refusal = people.refusal_of_accused(complaint, by)
    if refusal is not None:
        raise refusal
    return complaint


def _refuse_others(by: Actor, complaint: Complaint) -> None:
    refusal = people.refusal_of_others(complaint, by, team=True)
    if refusal is not None:
        raise refusal


def _refuse_unreachable(complaint: Complaint, handler: StaffMember) -> None:
    if handler.user is None or not staff_at(complaint.site).filter(pk=handler.pk).exists():
        sentence = _("%(name)s does not work at this site with an account of their own.") % {"name": handler.name}
        raise RuleRefused("handler_unreachable", sentence, fields={"handler": [sentence]})


def _hand_over(by: Actor, complaint: Complaint, handler: StaffMember, words: str) -> None:
    """From one handler to the next, by the present one or whoever assigns."""
    refusal = people.refusal_of_accused(complaint, by) or people.refusal_of_staff(complaint, handler)
    if refusal is not None:
        raise refusal
    if not people.is_staff(complaint.handler, by):
        access.require(by, "complaints.assign", site=complaint.site.code)
    note(by, complaint, Evidence.Kind.HAND_OVER, words)
    complaint.handler = handler
    complaint.bump({"handler"})
    cancel_task(by=by, kind=HANDLE, key=task_key(complaint), reason="handed over")


def task_key(complaint: Complaint) -> str:
    """The key of the handler's task: one per handler and reopening."""
    turns = complaint.people.filter(part=HANDLER).count()
    return f"{complaint.code}:{turns}"


def _ask_handler(by: Actor, complaint: Complaint) -> None:
    """The handler's task, due when the customer was promised an answer; late, the supervisor sees it too."""
    due = complaint.reply_due_at
    if complaint.answered_at is not None:
        due = clock.day_bounds(complaint.limit_on, complaint.site.timezone)[1]
    due = max(due, clock.now())
    handler = complaint.handler
    open_task(
        by=by,
        kind=HANDLE,
        key=task_key(complaint),
        room="complaints",
        title=gettext_noop("Handle complaint %(number)s"),
        detail=gettext_noop("To be solved by %(limit_on)s"),
        args={"number": complaint.number, "limit_on": complaint.limit_on},
        icon="complaint",
        group="promise",
        due_at=due,
        assignee=handler.user if handler is not None else None,
        roles=("clinic_director",) if handler is None else (),
        escalates_at=due,
        escalates_to=SUPERVISORS,
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
        closed_in_inbox=False,
    )
