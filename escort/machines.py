"""The life of an order and of an offer (state machines a26 and ES-023)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kernel.states import StateMachine, Transition

MANAGE = ("escort.manage",)
SERVE = ("escort.serve",)

ORDER = StateMachine(
    name="escort.order",
    initial="enquiry",
    states={
        "enquiry": _("Enquiry"),
        "with_manager": _("With the manager"),
        "agreement_drafted": _("Agreement drafted"),
        "agreed": _("Agreed"),
        "offered": _("Offered"),
        "accepted": _("Accepted"),
        "ready": _("Ready"),
        "in_service": _("In service"),
        "service_ended": _("Service ended"),
        "reported": _("Reported"),
        "archived": _("Archived"),
        "cancelled": _("Cancelled"),
    },
    transitions=(
        Transition(source="enquiry", target="with_manager", who=("escort.enquire", *MANAGE), ledger=("ES-006",)),
        Transition(
            source=("with_manager", "agreement_drafted", "agreed"),
            target="agreement_drafted",
            who=MANAGE,
            ledger=("ES-007",),
        ),
        Transition(source="agreement_drafted", target="agreed", who=MANAGE, stamp="agreed_at", ledger=("ES-008",)),
        Transition(source=("agreed", "offered"), target="offered", who=MANAGE, ledger=("ES-009",)),
        Transition(source="offered", target="agreed", who=MANAGE, ledger=("ES-023",)),
        Transition(source="offered", target="accepted", who=(*SERVE, *MANAGE), stamp="accepted_at", ledger=("ES-009",)),
        Transition(source=("accepted", "ready"), target="agreed", who=MANAGE, ledger=("ES-022",)),
        Transition(source="accepted", target="ready", who=(*SERVE, *MANAGE), ledger=("ES-013",)),
        Transition(source="ready", target="in_service", who=SERVE, stamp="checked_in_at", ledger=("ES-014",)),
        Transition(source="in_service", target="service_ended", who=SERVE, stamp="ended_at", ledger=("ES-028",)),
        Transition(source="service_ended", target="reported", who=SERVE, stamp="reported_at", ledger=("ES-033",)),
        Transition(source="reported", target="archived", who=MANAGE, stamp="archived_at", ledger=("ES-046", "ES-049")),
        Transition(
            source=("enquiry", "with_manager", "agreement_drafted", "agreed", "offered", "accepted", "ready"),
            target="cancelled",
            who=MANAGE,
            stamp="cancelled_at",
            ledger=("ES-021",),
        ),
    ),
)

OFFER_STATES = [
    ("open", _("open")),
    ("accepted", _("accepted")),
    ("declined", _("declined")),
    ("expired", _("expired")),
    ("lost", _("given to somebody else")),
    ("refused", _("not possible")),
    ("withdrawn", _("withdrawn")),
]
ASSIGNED_STATES = ("accepted", "ready", "in_service", "service_ended", "reported")
