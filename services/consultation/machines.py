"""The lives of a consultation, of a doctor's answer, of what was passed on, and of a standard answer."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import clock
from kernel.context import Actor
from kernel.errors import DomainError, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition

CONSULT = ("consultation.consult",)
# The customer was spoken with and it ended in one of these.
CONCLUDED = ("booked", "accepted", "undecided", "refused", "withdrawn")
# A service was taken up.
SUCCESSFUL = ("booked", "accepted")
# Words and recommendations may still be changed.
WORKED_ON = ("talking", "undecided")


def _start(row: Any, by: Actor, *, consultant: Any, **facts: Any) -> None:
    """the consultant is the one who begins"""
    row.consultant = consultant


def _decide(row: Any, by: Actor, *, changes: dict[str, Any], **facts: Any) -> None:
    """outcome, next step, day of the call-back, booking or reason are kept"""
    for name, value in changes.items():
        setattr(row, name, value)
    row.concluded_at = row.concluded_at or clock.now()


def _untreated(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """the treatment has not begun"""
    if row.treated_at is None:
        return None
    return RuleRefused("already_treated", _("The treatment has begun; what was accepted is no longer taken back here."))


def _withdraw(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """the reason is kept"""
    row.withdrawal_reason = reason


CONSULTATION = StateMachine(
    name="consultation.consultation",
    initial="waiting",
    states={
        "waiting": pgettext_lazy("consultation", "Waiting"),
        "talking": pgettext_lazy("consultation", "In conversation"),
        "booked": pgettext_lazy("consultation", "Booked"),
        "accepted": pgettext_lazy("consultation", "Accepted"),
        "undecided": pgettext_lazy("consultation", "Undecided"),
        "refused": pgettext_lazy("consultation", "Declined"),
        "withdrawn": pgettext_lazy("consultation", "Taken back"),
        "left": pgettext_lazy("consultation", "Left before the conversation"),
    },
    transitions=(
        Transition(
            source="waiting",
            target="talking",
            who=CONSULT,
            effect=_start,
            stamp="started_at",
            ledger=("CS-001",),
        ),
        Transition(source="waiting", target="left", who=("consultation.open",), stamp="concluded_at", ledger=("CS-001",)),
        Transition(
            source=("talking", "undecided"),
            target="booked",
            who=CONSULT,
            effect=_decide,
            stamp="booked_at",
            guard_note=gettext_lazy("need, condition, further need and advice stand there; no question without an answer; a booking"),
            ledger=("CS-001", "CS-002", "CS-004"),
        ),
        Transition(
            source=("talking", "undecided", "booked"),
            target="accepted",
            who=CONSULT,
            effect=_decide,
            stamp="accepted_at",
            guard_note=gettext_lazy("as for a booking, and a recommendation; where risks must be told, understood by the customer"),
            ledger=("CS-001", "CS-009"),
        ),
        Transition(
            source="talking",
            target="undecided",
            who=CONSULT,
            effect=_decide,
            guard_note=gettext_lazy("a next step with its day"),
            limit=gettext_lazy("call-back on that day"),
            ledger=("CS-001",),
        ),
        Transition(
            source=("talking", "undecided"),
            target="refused",
            who=CONSULT,
            effect=_decide,
            guard_note=gettext_lazy("the reason"),
            ledger=("CS-001",),
        ),
        Transition(
            source=("booked", "accepted"),
            target="withdrawn",
            who=CONSULT,
            guard=_untreated,
            effect=_withdraw,
            stamp="withdrawn_at",
            effect_note=gettext_lazy("counts as the definition of the period says"),
            ledger=("CS-010",),
        ),
    ),
)  # fmt: skip


def is_doctors(row: Any, by: Actor) -> bool:
    """Was ``by`` asked, or somebody whom ``by`` stands in for?"""
    user = row.doctor.user
    return user is not None and (user.pk == by.user_id or user.code in by.deputy_for)


def _asked_doctor(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """only the doctor who was asked, or who stands in; face to face the customer was led there"""
    if not is_doctors(row, by):
        return Forbidden("talk_not_yours", _("%(name)s was asked; only they answer.") % {"name": row.doctor.name})
    if row.mode == "face_to_face" and row.led_at is None:
        return RuleRefused("not_led_yet", _("The consultant leads the customer to you first."))
    return None


def _face_to_face(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """face to face"""
    if row.mode == "face_to_face":
        return None
    return RuleRefused("talk_is_remote", _("This conversation is held at a distance; nobody is led anywhere."))


def _led(row: Any, by: Actor, **facts: Any) -> None:
    """who led the customer there"""
    row.led_by_name = by.name


def _answered(row: Any, by: Actor, *, answer: str, **facts: Any) -> None:
    """the consultant is asked to bring it to the customer"""
    row.answer, row.answered_by_name = answer, by.name


def _customer_told(row: Any, by: Actor, *, customer_told: bool = False, **facts: Any) -> DomainError | None:
    """the customer was told"""
    if customer_told:
        return None
    sentence = _("Bring the answer to the customer first; only that ends it.")
    return RuleRefused("customer_not_told", sentence, fields={"customer_told": [sentence]})


def _presented(row: Any, by: Actor, **facts: Any) -> None:
    """who brought it back; the question is answered by the doctor"""
    row.presented_by_name = by.name


TALK = StateMachine(
    name="consultation.talk",
    initial="asked",
    states={
        "asked": pgettext_lazy("talk", "Asked"),
        "led": pgettext_lazy("talk", "With the doctor"),
        "answered": pgettext_lazy("talk", "Answered, not told yet"),
        "presented": pgettext_lazy("talk", "Customer told"),
    },
    transitions=(
        Transition(
            source="asked",
            target="led",
            who=CONSULT,
            guard=_face_to_face,
            effect=_led,
            stamp="led_at",
            ledger=("CS-006", "DE-025"),
        ),
        Transition(
            source=("asked", "led"),
            target="answered",
            who=("consultation.answer",),
            guard=_asked_doctor,
            effect=_answered,
            stamp="answered_at",
            limit="consultation_doctor_hours",
            ledger=("CS-006",),
        ),
        Transition(
            source="answered",
            target="presented",
            who=CONSULT,
            guard=_customer_told,
            effect=_presented,
            stamp="presented_at",
            ledger=("CS-006", "DE-025"),
        ),
    ),
)


def _settle(row: Any, by: Actor, *, result: str, **facts: Any) -> None:
    """what was done is kept; the consultant hears of it"""
    row.result, row.settled_by_name = result, by.name


def _take(row: Any, by: Actor, **facts: Any) -> None:
    """who takes care of it"""
    row.taken_by_name = by.name


TRANSFER = StateMachine(
    name="consultation.transfer",
    initial="passed_on",
    states={
        "passed_on": pgettext_lazy("transfer", "Passed on"),
        "taken": pgettext_lazy("transfer", "Being handled"),
        "settled": pgettext_lazy("transfer", "Settled"),
    },
    transitions=(
        Transition(
            source="passed_on",
            target="taken",
            who=("consultation.handle",),
            effect=_take,
            stamp="taken_at",
            ledger=("CS-011", "CS-012", "CS-016"),
        ),
        Transition(
            source=("passed_on", "taken"),
            target="settled",
            who=("consultation.handle",),
            effect=_settle,
            stamp="settled_at",
            guard_note=gettext_lazy("what was done"),
            limit="consultation_transfer_hours",
            ledger=("CS-011", "CS-012", "CS-016"),
        ),
    ),
)


def not_the_author(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """somebody else than the author"""
    if row.written_by_id is None or row.written_by_id != by.user_id:
        return None
    return Forbidden("own_words", _("You wrote this yourself. Somebody else approves it."))


def _judge(row: Any, by: Actor, *, remark: str = "", **facts: Any) -> None:
    """who decided"""
    row.decided_by_id, row.decided_by_name, row.remark = by.user_id, by.name, remark


ANSWER = StateMachine(
    name="consultation.answer",
    initial="draft",
    states={
        "draft": pgettext_lazy("standard answer", "Waits for approval"),
        "approved": pgettext_lazy("standard answer", "In force"),
        "rejected": pgettext_lazy("standard answer", "Sent back"),
        "replaced": pgettext_lazy("standard answer", "Replaced"),
    },
    transitions=(
        Transition(
            source="draft",
            target="approved",
            who=("consultation.approve",),
            guard=not_the_author,
            effect=_judge,
            stamp="decided_at",
            effect_note=gettext_lazy("the version before it is replaced"),
            ledger=("CS-002",),
        ),
        Transition(
            source="draft",
            target="rejected",
            who=("consultation.approve",),
            guard=not_the_author,
            effect=_judge,
            stamp="decided_at",
            ledger=("CS-002",),
        ),
        Transition(source="approved", target="replaced", ledger=("CS-002",)),
    ),
)
