"""The journey of a visit (state machine a1), the same for every line of business; each calls a visit by its own word.

"Waiting, consented" and "explained" of a1 are facts of a waiting visit (opinion, explanations), "emergency" is a mark on it.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kernel import parameters
from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition

# On the waiting list: the wait clock runs from registration to lead-in.
WAITS = ("registered", "waiting")
# Holds its chair: led in, and not out of the treatment area yet (QU-008).
HOLDS_CHAIR = ("led_in", "in_chair", "finished")
UNSEEN = ("arrived", "registered", "waiting")


def _wait_is_agreed(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """The expected wait was told; above the limit the patient's opinion is stored (QU-002, QU-003)."""
    if row.announced_wait_minutes is None:
        return RuleRefused(
            "wait_not_announced",
            gettext("Tell the patient how long the wait will be first."),
            fields={"minutes": [gettext("The expected wait is missing.")]},
        )
    limit = parameters.value("wait_consent_minutes", site=row.site, vertical=row.vertical, at=row.announced_at)
    if row.announced_wait_minutes > limit and row.opinion != "stay":
        return RuleRefused(
            "wait_opinion_missing",
            gettext(
                "A wait of more than %(limit)s minutes was announced. Ask whether the patient stays, rebooks or leaves."
            )
            % {"limit": limit},
            fields={"opinion": [gettext("The patient's opinion is missing.")]},
            announced=row.announced_wait_minutes,
            limit=limit,
        )
    return None


def _lead_in(row: Any, by: Actor, *, chair: Any, override: Any = None, **facts: Any) -> None:
    """The wait ends; the chair is taken."""
    row.chair, row.lead_in_override = chair, override


def _end(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """The wait ends with its reason; nothing is deleted."""
    row.end_reason = reason


MACHINE = StateMachine(
    name="reception.visit",
    initial="arrived",
    states={
        "arrived": pgettext_lazy("visit", "Arrived"),
        "registered": pgettext_lazy("visit", "Registered"),
        "waiting": pgettext_lazy("visit", "Waiting"),
        "led_in": pgettext_lazy("visit", "Led in"),
        "in_chair": pgettext_lazy("visit", "In chair"),
        "finished": pgettext_lazy("visit", "Treatment finished"),
        "left": pgettext_lazy("visit", "Left the area"),
        "at_cashier": pgettext_lazy("visit", "At the cashier"),
        "settled": pgettext_lazy("visit", "Settled"),
        "closed": pgettext_lazy("visit", "Closed"),
        "rebooked": pgettext_lazy("visit", "Rebooked because of the wait"),
        "left_unseen": pgettext_lazy("visit", "Left unseen"),
    },
    transitions=(
        Transition(
            source="arrived",
            target="registered",
            who=("reception.check_in",),
            stamp="registered_at",
            effect_note=_("the wait clock starts"),
            ledger=("FD-002", "QU-001"),
        ),
        Transition(
            source="registered",
            target="waiting",
            who=("reception.check_in",),
            guard=_wait_is_agreed,
            limit=_("on seating"),
            ledger=("QU-002", "QU-003"),
        ),
        Transition(
            source=WAITS,
            target="led_in",
            who=("reception.lead_in",),
            effect=_lead_in,
            stamp="led_in_at",
            guard_note=_("previous guest of the chair finished and left"),
            ledger=("QU-001", "QU-008"),
        ),
        Transition(
            source="led_in", target="in_chair", who=("reception.treat",), stamp="in_chair_at", ledger=("QU-009",)
        ),
        Transition(
            source=("led_in", "in_chair"),
            target="finished",
            who=("reception.treat",),
            stamp="finished_at",
            ledger=("QU-009",),
        ),
        Transition(
            source="finished",
            target="left",
            who=("reception.lead_in", "reception.treat"),
            stamp="left_at",
            effect_note=_("the chair is free; a missing next visit is counted"),
            ledger=("QU-009", "AP-004"),
        ),
        Transition(source="left", target="at_cashier", who=("reception.settle",), ledger=("CA-001",)),
        Transition(
            source=("left", "at_cashier"),
            target="settled",
            who=("reception.settle",),
            stamp="settled_at",
            ledger=("CA-002",),
        ),
        Transition(
            source="settled", target="closed", who=("reception.close",), stamp="closed_at", ledger=("AP-015", "FU-003")
        ),
        Transition(
            source=UNSEEN,
            target="rebooked",
            who=("reception.check_in",),
            effect=_end,
            stamp="ended_at",
            effect_note=_("a new booking exists"),
            ledger=("AP-030", "QU-022"),
        ),
        Transition(
            source=UNSEEN,
            target="left_unseen",
            who=("reception.check_in",),
            effect=_end,
            stamp="ended_at",
            ledger=("QU-022",),
        ),
    ),
)
