"""The life of a subscription, as a table (ledger 11 a34).

The rows lie in the public schema, which has no tenant and therefore no tenant's audit; the move is written to
``StateChange`` instead, and to the audit of every tenant of the account when its entitlements are copied there.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kernel.states import StateMachine, Transition

TRIAL, ACTIVE, PAST_DUE, READ_ONLY, SUSPENDED, CANCELLED = (
    "trial", "active", "past_due", "read_only", "suspended", "cancelled",
)  # fmt: skip

SUBSCRIPTION = StateMachine(
    name="billing.subscription",
    initial=TRIAL,
    states={
        TRIAL: _("trial"),
        ACTIVE: _("active"),
        PAST_DUE: _("past due"),
        READ_ONLY: _("read-only"),
        SUSPENDED: _("suspended"),
        CANCELLED: _("cancelled"),
    },
    transitions=(
        Transition(
            source=TRIAL,
            target=ACTIVE,
            who=("billing.manage",),
            guard_note=_("verified signature; each event counts once; the newest one wins"),
            limit=_("end of the trial"),
            ledger=("PL-003",),
        ),
        Transition(
            source=(PAST_DUE, READ_ONLY, SUSPENDED, CANCELLED),
            target=ACTIVE,
            effect_note=_("everything is open again at once"),
            ledger=("PL-003", "PL-004"),
        ),
        Transition(
            source=(TRIAL, ACTIVE),
            target=PAST_DUE,
            effect_note=_("the billing administrator is told; everything goes on"),
            limit=_("failed payment, due date, end of the trial"),
            ledger=("PL-003",),
        ),
        Transition(
            source=PAST_DUE,
            target=READ_ONLY,
            guard_note=_("the grace has passed; where the account asks for it, a person has decided"),
            effect_note=_("reading, printing, export and complaints stay open"),
            limit=_("14 days (literal), 60 days and a decision (default)"),
            ledger=("PL-004",),
        ),
        Transition(
            source=READ_ONLY,
            target=SUSPENDED,
            effect_note=_("data is kept"),
            limit=_("30 days"),
            ledger=("PL-004",),
        ),
        Transition(
            source=(TRIAL, ACTIVE, PAST_DUE, READ_ONLY, SUSPENDED),
            target=CANCELLED,
            who=("billing.manage",),
            effect_note=_("data is kept and can be read and exported"),
            limit=_("end of the period"),
            ledger=("PL-004",),
        ),
        Transition(
            source=CANCELLED, target=TRIAL, effect_note=_("a new subscription begins with a trial"), ledger=("PL-003",)
        ),
    ),
)

# What a tenant's people feel of it. A trial is full work; after a cancellation the data stays readable.
TENANT_STATE = {
    TRIAL: "active",
    ACTIVE: "active",
    PAST_DUE: "past_due",
    READ_ONLY: "read_only",
    SUSPENDED: "suspended",
    CANCELLED: "read_only",
}
