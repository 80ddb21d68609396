"""The lives of a complaint (a15) and of feedback (a16)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition
from services.complaints import people

RECEIVE, ASSIGN, HANDLE = "complaints.receive", "complaints.assign", "complaints.handle"
APPROVE, CONCLUDE, ANALYSE = "complaints.approve", "complaints.conclude", "complaints.analyse"
# The customer waits for us, or we for the customer's word; the original chart stays (CR-008).
OPEN = (
    "received", "solved_on_spot", "assigned", "investigating", "determined", "authorised", "replied", "negotiating",
    "mediating", "satisfied", "followed_up", "reopened",
)  # fmt: skip
# Somebody is still to be told something.
UNANSWERED = (
    "received",
    "assigned",
    "investigating",
    "determined",
    "authorised",
    "negotiating",
    "mediating",
    "reopened",
)
# Nobody handles it yet.
UNASSIGNED = ("received", "reopened")
# These have somebody who handles them.
HANDLED = ("assigned", "investigating", "determined", "authorised", "replied", "negotiating", "mediating")
ENDED = ("closed", "analysed")


def _words(text: str, field: str, code: str, sentence: str) -> RuleRefused | None:
    return None if text.strip() else RuleRefused(code, sentence, fields={field: [sentence]})


def _on_the_spot(row: Any, by: Actor, *, solution: str = "", **facts: Any) -> DomainError | None:
    """not a serious one, not one's own; a record of what was done"""
    if row.severity == "serious":
        return RuleRefused(
            "serious_not_on_the_spot", _("A serious complaint is not settled at the desk: the dean has it already.")
        )
    return people.refusal_of_accused(row, by) or _words(
        solution, "solution", "solution_missing", _("Write what was done for the customer.")
    )


def _solved(row: Any, by: Actor, *, solution: str, **facts: Any) -> None:
    """what was done is kept; the first answer was given"""
    row.solution = solution.strip()


def _assigns(row: Any, by: Actor, *, handler: Any, **facts: Any) -> DomainError | None:
    """neither who assigns nor who handles is the accused"""
    return people.refusal_of_accused(row, by) or people.refusal_of_staff(row, handler)


def _assigned(row: Any, by: Actor, *, handler: Any, **facts: Any) -> None:
    """the handler has it, with the limit date"""
    row.handler = handler


def _handler(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """by its handler, or whoever stands in for them"""
    return people.refusal_of_others(row, by)


def _begins(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """by the handler or the team; where the line of business wants a team, it stands with its lead"""
    return people.refusal_of_others(row, by, team=True) or people.refusal_without_team(row)


def _found_out(
    row: Any,
    by: Actor,
    *,
    cause: str = "",
    opinion: str = "",
    department: str = "",
    responsible: Any = None,
    **facts: Any,
) -> DomainError | None:
    """evidence, cause, who is responsible, the handling opinion"""
    refusal = people.refusal_of_others(row, by)
    if refusal is not None:
        return refusal
    if not row.evidence.exists():
        return RuleRefused(
            "evidence_missing",
            _("Collect evidence first: records, what was said by whom. At least one entry is needed."),
        )
    if not department and responsible is None:
        sentence = _("Which department or person is responsible?")
        return RuleRefused("responsible_missing", sentence, fields={"department": [sentence]})
    return _words(cause, "cause", "cause_missing", _("Write the cause.")) or _words(
        opinion, "opinion", "opinion_missing", _("Write how it should be handled.")
    )


def _determined(
    row: Any, by: Actor, *, cause: str, opinion: str, department: str = "", responsible: Any = None, **facts: Any
) -> None:
    """cause, responsible and opinion are kept"""
    row.cause, row.opinion = cause.strip(), opinion.strip()
    row.department, row.responsible = department, responsible


def _authority(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """a remedy stands, and none waits for approval"""
    return people.refusal_of_accused(row, by) or _remedies_ready(row)


def _remedies_ready(row: Any) -> DomainError | None:
    states = list(row.remedies.values_list("state", flat=True))
    if "proposed" in states:
        return RuleRefused(
            "approval_first",
            _("A remedy goes beyond the handler's authority and waits for approval. The customer is told after it."),
        )
    if not any(state in ("approved", "done") for state in states):
        return RuleRefused(
            "remedy_missing", _("Say what is offered to the customer; an explanation and an apology count too.")
        )
    return None


def _replies(row: Any, by: Actor, *, words: str = "", **facts: Any) -> DomainError | None:
    """by the handler, in words; nothing waits for approval; a mediation has its result"""
    refusal = people.refusal_of_others(row, by) or _remedies_ready(row)
    if refusal is not None:
        return refusal
    if row.state == "mediating" and not row.mediation_result:
        return _mediation_open()
    return _words(words, "words", "reply_missing", _("Write what the customer was told."))


def _mediation_open() -> RuleRefused:
    sentence = _("Write down the result of the mediation first.")
    return RuleRefused("mediation_result_missing", sentence, fields={"result": [sentence]})


def _content(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """by the handler; a mediation has its result"""
    refusal = people.refusal_of_others(row, by)
    if refusal is not None:
        return refusal
    return _mediation_open() if row.state == "mediating" and not row.mediation_result else None


def _discontent(row: Any, by: Actor, *, words: str = "", **facts: Any) -> DomainError | None:
    """by the handler; what the customer still wants"""
    if by.kind == "system":
        return None
    return people.refusal_of_others(row, by) or _words(
        words, "words", "words_missing", _("Write what the customer is not content with.")
    )


def _mediates(row: Any, by: Actor, *, mediator: str = "", **facts: Any) -> DomainError | None:
    """by the handler; a mediator by name"""
    return people.refusal_of_others(row, by) or _words(mediator, "mediator", "mediator_missing", _("Who mediates?"))


def _mediated(row: Any, by: Actor, *, mediator: str, mediation_on: Any = None, **facts: Any) -> None:
    """mediator and date are kept; the result follows"""
    row.mediator, row.mediation_on, row.mediation_result = mediator.strip()[:120], mediation_on, ""


def _confirmed(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """the customer said in the follow-up to be content"""
    return people.refusal_of_accused(row, by)


def _remedies_done(row: Any) -> DomainError | None:
    waiting = row.remedies.filter(state__in=["proposed", "approved"]).count()
    if not waiting:
        return None
    return RuleRefused(
        "remedies_open", _("%(n)s remedies are not done yet. What was promised is done first.") % {"n": waiting}
    )


def _closes(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """followed up and content; every remedy done"""
    return people.refusal_of_accused(row, by) or _remedies_done(row)


def _content_at_end(row: Any, by: Actor, **facts: Any) -> None:
    """closed with the customer content"""
    row.content_at_close = True


def _concludes(row: Any, by: Actor, *, reason: str = "", **facts: Any) -> DomainError | None:
    """management alone, with a reason; every remedy done"""
    return (
        people.refusal_of_accused(row, by)
        or _words(reason, "reason", "reason_missing", _("Say why it is closed although the customer is not content."))
        or _remedies_done(row)
    )


def _concluded(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """closed without satisfaction, and why"""
    row.content_at_close, row.closing_reason = False, reason.strip()[:300]


def _reopens(row: Any, by: Actor, *, words: str = "", **facts: Any) -> DomainError | None:
    """the customer is not content any more, in words"""
    if by.kind == "system":
        return None
    return people.refusal_of_accused(row, by) or _words(
        words, "words", "words_missing", _("Write what the customer is not content with.")
    )


def _reopened(row: Any, by: Actor, **facts: Any) -> None:
    """counted; it waits for a handler again"""
    row.reopenings += 1
    row.closed_at = row.followed_up_at = row.satisfied_at = None
    row.content_at_close, row.closing_reason = None, ""


COMPLAINT = StateMachine(
    name="complaints.complaint",
    initial="received",
    states={
        "received": pgettext_lazy("complaint", "Received"),
        "solved_on_spot": pgettext_lazy("complaint", "Solved on the spot"),
        "assigned": pgettext_lazy("complaint", "Assigned"),
        "investigating": pgettext_lazy("complaint", "Investigating"),
        "determined": pgettext_lazy("complaint", "Cause known"),
        "authorised": pgettext_lazy("complaint", "Remedy authorised"),
        "replied": pgettext_lazy("complaint", "Customer told"),
        "negotiating": pgettext_lazy("complaint", "Negotiating"),
        "mediating": pgettext_lazy("complaint", "With a mediator"),
        "satisfied": pgettext_lazy("complaint", "Customer content"),
        "followed_up": pgettext_lazy("complaint", "Followed up"),
        "closed": pgettext_lazy("complaint", "Closed"),
        "analysed": pgettext_lazy("complaint", "Analysed"),
        "reopened": pgettext_lazy("complaint", "Reopened"),
    },
    transitions=(
        Transition(
            source="received",
            target="solved_on_spot",
            who=(RECEIVE,),
            guard=_on_the_spot,
            effect=_solved,
            effect_note=gettext_lazy("what was done is kept; a follow-up is planned"),
            stamp="solved_at",
            limit=gettext_lazy("same contact"),
            ledger=("CP-004", "CP-028"),
        ),
        Transition(
            source=("received", "reopened"),
            target="assigned",
            who=(RECEIVE, ASSIGN),
            guard=_assigns,
            effect=_assigned,
            stamp="assigned_at",
            limit="complaint_limit_days",
            ledger=("CP-004", "CP-005", "CP-012", "CP-023"),
        ),
        Transition(
            source="assigned",
            target="investigating",
            who=(HANDLE,),
            guard=_begins,
            stamp="investigating_at",
            ledger=("CP-011", "CP-012"),
        ),
        Transition(
            source="investigating",
            target="determined",
            who=(HANDLE,),
            guard=_found_out,
            effect=_determined,
            stamp="determined_at",
            ledger=("CP-011", "CP-013"),
        ),
        Transition(
            source="determined",
            target="authorised",
            who=(HANDLE, APPROVE),
            guard=_authority,
            stamp="authorised_at",
            ledger=("CP-009",),
        ),
        Transition(
            source=("authorised", "negotiating", "mediating"),
            target="replied",
            who=(HANDLE,),
            guard=_replies,
            stamp="replied_at",
            effect_note=gettext_lazy("a round is counted; the remedies are told"),
            limit="complaint_reply_hours",
            ledger=("CP-014", "CP-015", "CP-016"),
        ),
        Transition(
            source=("replied", "mediating"),
            target="satisfied",
            who=(HANDLE,),
            guard=_content,
            stamp="satisfied_at",
            effect_note=gettext_lazy("a follow-up call is planned"),
            ledger=("CP-016", "CP-017"),
        ),
        Transition(
            source=("replied", "satisfied", "followed_up"),
            target="negotiating",
            who=(HANDLE,),
            guard=_discontent,
            stamp="negotiating_at",
            limit=gettext_lazy("again until the customer is content"),
            ledger=("CP-016", "CP-017"),
        ),
        Transition(
            source=("replied", "negotiating"),
            target="mediating",
            who=(HANDLE,),
            guard=_mediates,
            effect=_mediated,
            ledger=("CP-010",),
        ),
        Transition(
            source=("satisfied", "solved_on_spot"),
            target="followed_up",
            who=(RECEIVE, HANDLE),
            guard=_confirmed,
            stamp="followed_up_at",
            limit=gettext_lazy("day of the follow-up"),
            ledger=("CP-017", "FU-015"),
        ),
        Transition(
            source="followed_up",
            target="closed",
            who=(HANDLE, ASSIGN),
            guard=_closes,
            effect=_content_at_end,
            stamp="closed_at",
            ledger=("CP-014", "CP-017"),
        ),
        Transition(
            source=("replied", "negotiating", "mediating", "satisfied", "solved_on_spot"),
            target="closed",
            who=(CONCLUDE,),
            guard=_concludes,
            effect=_concluded,
            stamp="closed_at",
            ledger=("CP-016",),
        ),
        Transition(source="closed", target="analysed", who=(ANALYSE,), stamp="analysed_at", ledger=("CP-018",)),
        Transition(
            source=("closed", "analysed", "solved_on_spot"),
            target="reopened",
            who=(ASSIGN,),
            guard=_reopens,
            effect=_reopened,
            stamp="reopened_at",
            ledger=("CP-016", "FU-015"),
        ),
    ),
)

# Feedback still to be dealt with.
FEEDBACK_OPEN = ("collected", "assigned", "processed", "told")


def _names_both(
    row: Any, by: Actor, *, department: str = "", responsible: Any = None, **facts: Any
) -> DomainError | None:
    """a department and a person"""
    if department and responsible is not None:
        return None
    sentence = _("Feedback goes to a department and to a person: choose both.")
    field = "responsible" if department else "department"
    return RuleRefused("responsible_missing", sentence, fields={field: [sentence]})


def _given_to(row: Any, by: Actor, *, department: str, responsible: Any, **facts: Any) -> None:
    """department, person and the day it is due"""
    row.department, row.responsible = department, responsible


def _own(row: Any, by: Actor, *, measure: str = "", **facts: Any) -> DomainError | None:
    """the person responsible; what was done"""
    if not people.is_staff(row.responsible, by):
        return RuleRefused("not_responsible", _("The person who is responsible does this, or who stands in for them."))
    return _words(measure, "measure", "measure_missing", _("Write what was done about it."))


def _measure(row: Any, by: Actor, *, measure: str, **facts: Any) -> None:
    """the measure is kept"""
    row.measure = measure.strip()


def _known(row: Any, by: Actor, *, answer: str = "", **facts: Any) -> DomainError | None:
    """there is a customer to tell; in words"""
    if not row.customer_name:
        return RuleRefused("nobody_to_tell", _("Nobody left a name here: there is nobody to tell."))
    return _words(answer, "answer", "answer_missing", _("Write what the customer was told."))


def _told(row: Any, by: Actor, *, answer: str, **facts: Any) -> None:
    """what the customer was told is kept"""
    row.answer = answer.strip()


def _nobody(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """only where nobody left a name"""
    if row.customer_name:
        return RuleRefused("customer_not_told", _("Tell the customer what came of it first."))
    return None


def _content_with_it(row: Any, by: Actor, *, satisfied: bool = True, **facts: Any) -> None:
    """whether the customer is content"""
    row.satisfied = satisfied


FEEDBACK = StateMachine(
    name="complaints.feedback",
    initial="collected",
    states={
        "collected": pgettext_lazy("feedback", "Collected"),
        "assigned": pgettext_lazy("feedback", "Assigned"),
        "processed": pgettext_lazy("feedback", "Dealt with"),
        "told": pgettext_lazy("feedback", "Customer told"),
        "confirmed": pgettext_lazy("feedback", "Confirmed"),
        "upgraded": pgettext_lazy("feedback", "Now a complaint"),
    },
    transitions=(
        Transition(
            source=("collected", "assigned"),
            target="assigned",
            who=(ASSIGN,),
            guard=_names_both,
            effect=_given_to,
            stamp="assigned_at",
            limit="feedback_due_days",
            ledger=("SV-005",),
        ),
        Transition(
            source="assigned",
            target="processed",
            who=(RECEIVE, HANDLE),
            guard=_own,
            effect=_measure,
            stamp="processed_at",
            limit="feedback_due_days",
            ledger=("SV-005",),
        ),
        Transition(
            source="processed",
            target="told",
            who=(RECEIVE,),
            guard=_known,
            effect=_told,
            stamp="told_at",
            ledger=("SV-005",),
        ),
        Transition(
            source="told",
            target="confirmed",
            who=(RECEIVE,),
            effect=_content_with_it,
            stamp="confirmed_at",
            ledger=("SV-005",),
        ),
        Transition(
            source="processed",
            target="confirmed",
            who=(ASSIGN,),
            guard=_nobody,
            stamp="confirmed_at",
            ledger=("SV-005",),
        ),
        Transition(
            source=("collected", "assigned", "processed", "told", "confirmed"),
            target="upgraded",
            who=(RECEIVE, ASSIGN),
            stamp="upgraded_at",
            effect_note=gettext_lazy("a complaint begins from it; what was said and done stays"),
            ledger=("CP-027",),
        ),
    ),
)
