"""What stock contributes: words, the calendar of the head nurse, and what a charge does to what lies at the till."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, Gate, NavItem, Param, Room

SEES = ("inventory.view",)
WORKS = ("inventory.view", "inventory.request", "inventory.use")

ROOM = Room(
    key="inventory",
    label=pgettext_lazy("room", "Stock"),
    urls="services.inventory.web.urls",
    api_urls="services.inventory.api.urls",
    nav=(
        NavItem(
            key="inventory",
            label=pgettext_lazy("nav", "Stock"),
            url_name="inventory:stock",
            permission="inventory.view",
            icon="box",
            order=58,
        ),
    ),
    permissions={
        "inventory.view": _("See stock, lots, movements and their papers"),
        "inventory.request": _("Ask the store for stock and sign for what it issued"),
        "inventory.use": _("Note what was used, and look through the emergency kit"),
        "inventory.keep": _(
            "Keep the store: items, orders, receipts, issues, expiry, scrap applications, monthly tables"
        ),
        "inventory.count": _("Count the goods of the till"),
        "inventory.accept_count": _("Accept the count, or have it counted again"),
        "inventory.settle": _("Settle the month after the count"),
        "inventory.decide": _("Decide on scrap"),
    },
    role_grants={
        "cashier": ("inventory.view", "inventory.request", "inventory.count", "inventory.settle"),
        "head_nurse": (*WORKS, "inventory.keep", "inventory.accept_count"),
        "nurse": WORKS,
        "assistant": WORKS,
        "doctor": ("inventory.view", "inventory.use"),
        "dean": ("inventory.view", "inventory.decide"),
        "finance": ("inventory.view", "inventory.settle"),
        **dict.fromkeys(("clinic_director", "supervisor", "higher_supervisor"), SEES),
    },
    parameters=(
        Param(
            key="count_day",
            kind="int",
            default=25,
            minimum=1,
            maximum=28,
            label=_("Day of the month on which the till's goods are counted"),
            ledger=("IN-003", "CA-042"),
        ),
        Param(
            key="count_override",
            kind="list",
            default=[],
            label=_("Days of single months on which the till's goods are counted instead (2027-02-24)"),
            ledger=("IN-003",),
        ),
        Param(
            key="expiry_check_day",
            kind="int",
            default=0,
            minimum=0,
            maximum=28,
            label=_("Day of the month on which the expiry of all stock is checked; 0: the last one"),
            ledger=("IN-007",),
        ),
        Param(
            key="expiry_horizon_days",
            kind="days",
            default=90,
            minimum=1,
            label=_("How long before its expiry a lot is shown as expiring"),
            ledger=("IN-007",),
        ),
        Param(
            key="monthly_pack_due_day",
            kind="int",
            default=5,
            minimum=1,
            maximum=28,
            label=_("Day of the month by which budget, purchase and requisition tables are in"),
            ledger=("IN-005",),
        ),
        Param(
            key="monthly_pack_due_inclusive",
            kind="bool",
            default=True,
            label=_("The due day of the monthly tables itself still counts"),
            ledger=("IN-005",),
        ),
        Param(
            key="emergency_kit_check_days",
            kind="days",
            default=7,
            minimum=1,
            label=_("How often the emergency kit is looked through"),
            ledger=("IN-012",),
        ),
    ),
    gates=(
        # Nobody overrides it: another lot cures it.
        Gate(
            key="inventory.expired",
            label=_("Nothing expired is issued, sold or used"),
            gate_class="law",
            ledger=("IN-007",),
        ),
    ),
    machines=(
        "services.inventory.machines.COUNT",
        "services.inventory.machines.CHECK",
        "services.inventory.machines.SCRAP",
        "services.inventory.machines.PACK",
        "services.inventory.machines.REQUISITION",
        "services.inventory.machines.ORDER",
    ),
    daily={"inventory.morning": Daily(at="05:50", handler="services.inventory.handlers.morning")},
    timers={"inventory.pack": "services.inventory.packs.on_deadline"},
    slots={
        "cashier.charged": ("services.inventory.charging.on_charged",),
        "cashier.scanned": ("services.inventory.charging.find_goods",),
    },
    seeds=("services.inventory.starter.load",),
)
