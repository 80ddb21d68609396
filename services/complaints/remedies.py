"""What is offered to the customer: within the handler's authority at once, beyond it only after approval (CP-009, CP-014)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.identity.selectors import holders_of
from services.complaints import cases, people, ways
from services.complaints.machines import COMPLAINT
from services.complaints.models import Complaint, Remedy
from services.complaints.people import APPROVER
from services.staff.models import StaffMember
from services.staff.selectors import staff_of
from services.tasks.actions import open_task, settle_task

APPROVE, DO = "complaints.approve_remedy", "complaints.remedy"
# Offers are made where the cause is known and until the customer is content.
OFFERED_IN = ("determined", "authorised", "replied", "negotiating", "mediating")
ENGINE = Actor.system("complaints")


@action(permission="complaints.handle")
def offer(
    *,
    by: Actor,
    complaint: Complaint,
    kind: str,
    words: str = "",
    amount_fen: int = 0,
    staff: StaffMember | None = None,
    due_on: date | None = None,
) -> Remedy:
    """Write down what should be offered (``amount_fen``: a compensation). Within the handler's authority it may be told;
    beyond it the approver is asked first.

    Raises RuleRefused (``remedy_unknown``, ``amount_missing``, ``amount_strange``, ``apology_by_whom``), Forbidden
    (``not_your_case``), Conflict (``not_yet``).
    """
    complaint = cases.lock(complaint)
    refusal = people.refusal_of_others(complaint, by)
    if refusal is not None:
        raise refusal
    if complaint.state not in OFFERED_IN:
        raise Conflict("not_yet", _("Cause and responsibility first, then what is offered."), state=complaint.state)
    if kind not in ways.remedies():
        raise RuleRefused("remedy_unknown", _("Choose what is offered."), fields={"kind": [_("Required")]})
    if kind == "compensation" and amount_fen <= 0:
        sentence = _("How much is the compensation?")
        raise RuleRefused("amount_missing", sentence, fields={"amount_fen": [sentence]})
    if kind != "compensation" and amount_fen:
        sentence = _("Only a compensation has an amount.")
        raise RuleRefused("amount_strange", sentence, fields={"amount_fen": [sentence]})
    if kind == "apology" and staff is None:
        sentence = _("Who apologises? It is whoever was at fault.")
        raise RuleRefused("apology_by_whom", sentence, fields={"staff": [sentence]})
    needs = needs_approval(complaint, kind, amount_fen)
    remedy = Remedy.objects.create(
        complaint=complaint,
        kind=kind,
        words=words.strip(),
        amount_fen=amount_fen,
        staff=staff,
        due_on=due_on or complaint.limit_on,
        state=Remedy.State.PROPOSED if needs else Remedy.State.APPROVED,
        needs_approval=needs,
        proposed_at=clock.now(),
        proposed_by=by.code,
        proposed_by_name=by.name,
    )
    audit.record(
        by=by, verb="complaints.remedy_offered", target=complaint, site=complaint.site.code, kind=kind,
        amount_fen=amount_fen, needs_approval=needs,
    )  # fmt: skip
    if needs:
        _ask_approval(by, complaint, remedy)
    return remedy


@action(permission="complaints.approve")
def decide(*, by: Actor, remedy: Remedy, approve: bool, reason: str = "") -> Remedy:
    """Approve or refuse what goes beyond the handler's authority: never whoever proposed it, never the accused (CP-023);
    beyond the director's limit the dean alone, where there is one.

    Raises RuleRefused (``same_person_twice``, ``complaint_about_you``, ``beyond_your_authority``, ``reason_missing``),
    Conflict (``remedy_decided``).
    """
    complaint = cases.lock(remedy.complaint)
    remedy = Remedy.objects.select_for_update().get(pk=remedy.pk)
    if remedy.state != Remedy.State.PROPOSED:
        raise Conflict("remedy_decided", _("This is decided already."), state=remedy.state)
    refusal = people.refusal_of_accused(complaint, by)
    if refusal is not None:
        raise refusal
    if by.code is not None and by.code == remedy.proposed_by:
        raise RuleRefused("same_person_twice", _("You proposed it; somebody else approves it."))
    if approve and beyond_directors(complaint, remedy.amount_fen) and "dean" not in by.roles and by.kind != "system":
        raise RuleRefused("beyond_your_authority", _("This amount is beyond your authority. The dean decides on it."))
    if not approve and not reason.strip():
        sentence = _("Say why it is refused.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    approver = staff_of(by)
    if approver is not None:
        cases.take_part(complaint, approver, APPROVER)
    remedy.state = Remedy.State.APPROVED if approve else Remedy.State.REFUSED
    remedy.decided_at, remedy.decided_by, remedy.decided_by_name = clock.now(), by.code, by.name
    remedy.decision = reason.strip()[:200]
    remedy.bump({"state", "decided_at", "decided_by", "decided_by_name", "decision"})
    settle_task(by=by, kind=APPROVE, key=str(remedy.code), result=remedy.state)
    audit.record(
        by=by, verb=f"complaints.remedy_{remedy.state}", target=complaint, site=complaint.site.code, kind=remedy.kind,
        amount_fen=remedy.amount_fen,
    )  # fmt: skip
    states = set(complaint.remedies.values_list("state", flat=True))
    if complaint.state == "determined" and Remedy.State.PROPOSED not in states and Remedy.State.APPROVED in states:
        COMPLAINT.move(complaint, "authorised", by=ENGINE)
    return remedy


@action(permission=None, reason="the state machine names who: the handler within the authority, else the approver")
def authorise(*, by: Actor, complaint: Complaint) -> Complaint:
    """What is offered stands, all of it within the authority or approved.

    Raises RuleRefused (``approval_first``, ``remedy_missing``, ``complaint_about_you``), Conflict, Forbidden.
    """
    COMPLAINT.move(complaint, "authorised", by=by)
    return complaint


@action(permission="complaints.handle")
def finish(*, by: Actor, remedy: Remedy, done_on: date | None = None, declined: bool = False) -> Remedy:
    """What was offered is done, on this day (today by default), or the customer declined it (CP-014).

    Raises RuleRefused (``done_in_the_future``), Forbidden (``not_your_case``), Conflict (``remedy_decided``,
    ``remedy_untold``).
    """
    complaint = cases.lock(remedy.complaint)
    refusal = people.refusal_of_others(complaint, by, team=True)
    if refusal is not None:
        raise refusal
    remedy = Remedy.objects.select_for_update().get(pk=remedy.pk)
    if remedy.state != Remedy.State.APPROVED:
        raise Conflict("remedy_decided", _("This remedy does not wait to be done."), state=remedy.state)
    if remedy.told_at is None:
        raise Conflict("remedy_untold", _("Tell the customer what is offered first."))
    today = clock.today(complaint.site.timezone)
    if done_on is not None and done_on > today:
        sentence = _("This day has not come yet.")
        raise RuleRefused("done_in_the_future", sentence, fields={"done_on": [sentence]})
    remedy.state = Remedy.State.DECLINED if declined else Remedy.State.DONE
    remedy.done_on = None if declined else done_on or today
    remedy.done_by_name = by.name
    remedy.bump({"state", "done_on", "done_by_name"})
    settle_task(by=by, kind=DO, key=str(remedy.code), result=remedy.state)
    audit.record(
        by=by, verb=f"complaints.remedy_{remedy.state}", target=complaint, site=complaint.site.code, kind=remedy.kind
    )
    return remedy


def needs_approval(complaint: Complaint, kind: str, amount_fen: int) -> bool:
    """Does this go beyond the handler's authority? Kinds and amount are parameters of the site (CP-009)."""
    if kind == "compensation":
        return bool(amount_fen > parameters.value("complaint_handler_limit", site=complaint.site) * 100)
    return kind not in ways.own_remedies(complaint.site)


def beyond_directors(complaint: Complaint, amount_fen: int) -> bool:
    """Is it the dean alone who approves this amount? Where the site has no dean, the director does (ledger 17 G)."""
    limit = parameters.value("complaint_director_limit", site=complaint.site) * 100
    return bool(amount_fen > limit) and holders_of("dean", site=complaint.site.code).exists()


def _ask_approval(by: Actor, complaint: Complaint, remedy: Remedy) -> None:
    due = max(clock.now(), complaint.reply_due_at)
    open_task(
        by=by,
        kind=APPROVE,
        key=str(remedy.code),
        room="complaints",
        title=gettext_noop("Complaint %(number)s: approve what is offered"),
        args={"number": complaint.number},
        icon="complaint",
        group="approval",
        due_at=due,
        roles=("dean",) if beyond_directors(complaint, remedy.amount_fen) else ("clinic_director", "dean"),
        escalates_at=due,
        escalates_to=("dean",),
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
        closed_in_inbox=False,
    )


def ask_to_do(by: Actor, complaint: Complaint, remedy: Remedy) -> None:
    """The customer was told: the handler has it done until its day."""
    day = remedy.due_on or complaint.limit_on
    due = max(clock.day_bounds(day, complaint.site.timezone)[1], clock.now())
    handler = complaint.handler
    open_task(
        by=by,
        kind=DO,
        key=str(remedy.code),
        room="complaints",
        title=gettext_noop("Complaint %(number)s: do what was promised"),
        detail=gettext_noop("Until %(due_on)s"),
        args={"number": complaint.number, "due_on": day},
        icon="complaint",
        group="promise",
        due_at=due,
        assignee=handler.user if handler is not None else None,
        roles=() if handler is not None else cases.SUPERVISORS,
        escalates_at=due,
        escalates_to=cases.SUPERVISORS,
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
        closed_in_inbox=False,
    )
