"""The life of a charge slip (state machine a6 up to the receipt)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kernel.states import StateMachine, Transition

SLIP = StateMachine(
    name="cashier.slip",
    initial="issued",
    states={"issued": _("To be charged"), "billed": _("Charged"), "withdrawn": _("Withdrawn")},
    transitions=(
        Transition(source="issued", target="billed", who=("cashier.charge",), stamp="billed_at", ledger=("CA-001",)),
        Transition(source="issued", target="withdrawn", who=("cashier.issue_slip",), ledger=("CA-001",)),
    ),
)
