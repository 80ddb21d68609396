"""What the days of the till contribute."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

STAFF = (
    "front_desk", "customer_service", "consultant", "nurse", "assistant", "head_nurse", "guide", "doctor", "chief_physician",
)  # fmt: skip
SEES = ("till_days.view",)

ROOM = Room(
    key="till_days",
    label=pgettext_lazy("room", "Days of the till"),
    mount="till-days",
    urls="services.till_days.web.urls",
    api_urls="services.till_days.api.urls",
    nav=(
        NavItem(
            key="till-days",
            label=pgettext_lazy("nav", "Close of the till"),
            url_name="till_days:days",
            permission="till_days.view",
            icon="check",
            order=54,
        ),
    ),
    permissions={
        "till_days.view": _("See the days of the till, its reports and differences"),
        "till_days.work": _("Open, count and close the till, and enter bank slips"),
        "till_days.reconcile": _("Count the till a second time and sign"),
        "till_days.trace": _("State cause and liable person of a difference"),
        "till_days.admit": _("Write down who may sit at the till"),
        "till_days.ask": _("Ask for money from the till for an expense"),
        "till_days.approve": _("Consent to expenses out of the till"),
    },
    role_grants={
        **dict.fromkeys(STAFF, ("till_days.ask",)),
        "cashier": ("till_days.view", "till_days.work", "till_days.ask"),
        "reconciler": ("till_days.view", "till_days.reconcile"),
        "supervisor": (
            "till_days.view", "till_days.reconcile", "till_days.trace", "till_days.admit", "till_days.ask",
            "till_days.approve",
        ),
        "clinic_director": (
            "till_days.view", "till_days.reconcile", "till_days.trace", "till_days.admit", "till_days.ask",
            "till_days.approve",
        ),
        "team_leader": ("till_days.view", "till_days.reconcile", "till_days.ask"),
        **dict.fromkeys(("higher_supervisor", "dean", "finance", "service_supervisor"), SEES),
    },
    parameters=(
        Param(
            key="cashier_readiness",
            kind="choice",
            choices=("guarantee", "training", "off"),
            default="training",
            literal="guarantee",
            label=_("What a cashier needs before the first shift: guarantee, training and company in the first week, nothing"),
            ledger=("CA-035",),
        ),
        Param(
            key="bank_deposit_time",
            kind="time",
            default="16:30",
            label=_("Until when the cash of the day is at the bank"),
            ledger=("CA-038",),
        ),
    ),
    timers={"till_days.slip_due": "services.till_days.handlers.on_slip_due"},
    machines=(
        "services.till_days.machines.DAY",
        "services.till_days.machines.CASE",
        "services.till_days.machines.PETTY",
        "services.till_days.machines.LEAVE",
    ),
    slots={
        "cashier.before": ("services.till_days.opening.before_money",),
        "shift.leftovers": ("services.till_days.leftovers.of_day",),
    },
    # What came in is counted and reported in every state of the account.
    always_open=(
        "till_days.view", "till_days.work", "till_days.reconcile", "till_days.trace", "till_days.admit", "till_days.ask",
        "till_days.approve",
    ),
)  # fmt: skip
