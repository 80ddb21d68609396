"""The lives of a chart's release and of a transcription."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import Conflict, Cure, DomainError, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition
from services.charts import custody


def _not_own(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not by whoever noted the request; in a dispute the original only where the house allows it"""
    if by.user_id is None or by.user_id == row.requested_by_id:
        return Forbidden("own_request", _("Whoever noted the request does not decide on it."))
    if row.kind == "original" and custody.holds_on(row.patient) and custody.never_in_dispute(row.site):
        return RuleRefused(
            "original_in_dispute",
            _("While something is in dispute the original stays here. Give a copy."),
            holds=custody.holds_on(row.patient),
        )
    return None


def _consented(row: Any, by: Actor, **facts: Any) -> None:
    """the supervisor's name and time stand on the release, and what was open when they consented"""
    row.decided_by_id, row.decided_by_name = by.user_id, by.name
    row.holds = custody.holds_on(row.patient)


def _refused(row: Any, by: Actor, *, words: str, **facts: Any) -> None:
    """the reason stands beside it"""
    _consented(row, by)
    row.decision = words


def _receiver(
    row: Any, by: Actor, *, identity_checked: bool = False, receiver_name: str = "", **facts: Any
) -> DomainError | None:
    """identity checked, receiver named; an original has its day of return"""
    if not identity_checked:
        sentence = _("Check the identity of who takes it first.")
        return RuleRefused("identity_unchecked", sentence, fields={"identity_checked": [sentence]})
    if not receiver_name.strip():
        sentence = _("Write who takes it.")
        return RuleRefused("receiver_missing", sentence, fields={"receiver_name": [sentence]})
    if row.kind == "original" and facts.get("return_on") is None:
        sentence = _("Agree on the day on which the original comes back.")
        return RuleRefused("return_day_missing", sentence, fields={"return_on": [sentence]})
    return None


def _consent_stands(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """identity checked, receiver named; a refund or complaint opened since the consent asks for it anew"""
    if row.kind == "original" and set(custody.holds_on(row.patient)) - set(row.holds):
        return Conflict(
            "consent_before_dispute",
            _("Something came into dispute since the supervisor consented. Ask again."),
            cures=(Cure(_("Ask the supervisor"), role="supervisor"),),
        )
    return _receiver(row, by, **facts)


def _without_consent(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """where the house asks for no consent: a copy, or a chart that the patient keeps, and nothing is in dispute"""
    if custody.needs_consent(row):
        return Forbidden(
            "consent_needed",
            _("This is given out only after the supervisor's consent."),
            cures=(Cure(_("Ask the supervisor"), role="supervisor"),),
        )
    return _receiver(row, by, **facts)


def _handed_out(row: Any, by: Actor, *, receiver: str, receiver_name: str, return_on: Any = None, **facts: Any) -> None:
    """who took it, who gave it; an original is missed on the agreed day"""
    row.receiver, row.receiver_name, row.identity_checked = receiver, receiver_name.strip(), True
    row.return_on = return_on if row.kind == "original" else None
    row.handed_by_id, row.handed_by_name = by.user_id, by.name


def _is_original(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """an original; a copy stays with the patient"""
    return None if row.kind == "original" else Conflict("copy_stays", _("A copy is not taken back."))


def _back(row: Any, by: Actor, **facts: Any) -> None:
    """who took it back"""
    row.returned_to_name = by.name


RELEASE = StateMachine(
    name="charts.release",
    initial="requested",
    states={
        "requested": pgettext_lazy("release", "Asked for"),
        "consented": pgettext_lazy("release", "Consented"),
        "refused": pgettext_lazy("release", "Refused"),
        "handed_out": pgettext_lazy("release", "Handed out"),
        "returned": pgettext_lazy("release", "Back again"),
    },
    transitions=(
        Transition(
            source="requested",
            target="consented",
            who=("charts.consent",),
            guard=_not_own,
            effect=_consented,
            stamp="decided_at",
            ledger=("CR-007", "CR-008", "CA-034"),
        ),
        Transition(
            source="requested",
            target="refused",
            who=("charts.consent",),
            effect=_refused,
            stamp="decided_at",
            ledger=("CR-007",),
        ),
        Transition(
            source="requested",
            target="handed_out",
            who=("charts.release",),
            guard=_without_consent,
            effect=_handed_out,
            stamp="handed_at",
            ledger=("CR-007", "CR-008"),
        ),
        Transition(
            source="consented",
            target="handed_out",
            who=("charts.release",),
            guard=_consent_stands,
            effect=_handed_out,
            stamp="handed_at",
            ledger=("CR-007",),
        ),
        Transition(
            source="handed_out",
            target="returned",
            who=("charts.release",),
            guard=_is_original,
            effect=_back,
            stamp="returned_at",
            limit=gettext_lazy("the agreed day"),
            ledger=("CR-007",),
        ),
    ),
)


def _second_look(row: Any, by: Actor, *, seen_hash: str = "", **facts: Any) -> DomainError | None:
    """another person, who saw these very words"""
    if by.user_id is None or by.user_id == row.entered_by_id:
        return Forbidden("own_entry", _("Your own entry is looked through by somebody else."))
    if seen_hash != row.text_hash:
        return Conflict("text_changed", _("The words were changed since you opened them. Compare again."))
    return None


def _verified(row: Any, by: Actor, **facts: Any) -> None:
    """who compared it with the paper"""
    row.verified_by_id, row.verified_by_name = by.user_id, by.name


def _differs(row: Any, by: Actor, *, difference: str, **facts: Any) -> None:
    """what differs goes back to whoever entered it"""
    row.difference = difference


def _enterer(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """only whoever entered it"""
    if by.user_id is not None and by.user_id == row.entered_by_id:
        return None
    return Forbidden("not_your_entry", _("Only whoever made the entry puts it right."))


def _stamped(row: Any, by: Actor, *, text: str, text_hash: str, at: Any, **facts: Any) -> None:
    """the new words carry a new entry stamp"""
    row.text, row.text_hash, row.entered_at = text, text_hash, at


def _given_back(row: Any, by: Actor, **facts: Any) -> None:
    """the paper chart is back with the guest or on its shelf"""
    row.returned_by_name = by.name


TRANSCRIPTION = StateMachine(
    name="charts.transcription",
    initial="entered",
    states={
        "entered": pgettext_lazy("transcription", "Entered"),
        "differs": pgettext_lazy("transcription", "Differs from the paper"),
        "verified": pgettext_lazy("transcription", "Compared"),
        "returned": pgettext_lazy("transcription", "Chart given back"),
    },
    transitions=(
        Transition(
            source="entered",
            target="verified",
            who=("charts.transcribe",),
            guard=_second_look,
            effect=_verified,
            stamp="verified_at",
            limit=gettext_lazy("the same day"),
            ledger=("FD-022",),
        ),
        Transition(
            source="entered",
            target="differs",
            who=("charts.transcribe",),
            guard=_second_look,
            effect=_differs,
            ledger=("FD-022",),
        ),
        Transition(
            source="differs",
            target="entered",
            who=("charts.transcribe",),
            guard=_enterer,
            effect=_stamped,
            ledger=("FD-022",),
        ),
        Transition(
            source="verified",
            target="returned",
            who=("charts.transcribe",),
            effect=_given_back,
            stamp="returned_at",
            ledger=("FD-022",),
        ),
    ),
)
