"""The till: what the cashier contributes."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Kpi, NavItem, Room

ROOM = Room(
    key="cashier",
    label=_("Till"),
    urls="services.cashier.web.urls",
    api_urls="services.cashier.api.urls",
    nav=(
        NavItem(
            key="cashier",
            label=_("Till"),
            url_name="cashier:till",
            permission="cashier.charge",
            icon="cash",
            order=50,
            daily_for=("cashier",),
            badge="services.cashier.selectors.waiting_count",
            home_for=("cashier",),
        ),
        NavItem(
            key="dispatch-slips",
            label=_("Dispatch slips"),
            url_name="cashier:dispatch",
            permission="cashier.dispatch",
            icon="sign",
            order=55,
        ),
    ),
    permissions={
        "cashier.view": _("see slips, receipts and arrears"),
        "cashier.issue_slip": _("sign charge slips for one's own treatments"),
        "cashier.charge": _("charge slips and take in money"),
        "cashier.dispatch": _("issue dispatch slips for the treatment of colleagues"),
        "cashier.see_dispatch": _("see dispatch slips for the treatment of colleagues"),
    },
    role_grants={
        "cashier": ("cashier.view", "cashier.charge", "cashier.see_dispatch"),
        "doctor": ("cashier.issue_slip", "cashier.view"),
        "head_nurse": ("cashier.dispatch", "cashier.see_dispatch"),
        **dict.fromkeys(
            ("supervisor", "higher_supervisor", "clinic_director", "dean", "finance", "reconciler"),
            ("cashier.view", "cashier.see_dispatch"),
        ),
    },
    machines=("services.cashier.machines.SLIP",),
    timers={"cashier.arrears_silent": "services.cashier.receipts.note_silence"},
    slots={
        "visit.actions": ("services.cashier.slots.visit_actions",),
        "patient.tabs": ("services.cashier.slots.patient_tab",),
        "patient.timeline": ("services.cashier.slots.patient_timeline",),
        "patient.revenue": ("services.cashier.slots.patient_revenue",),
        "telephone.account": ("services.cashier.slots.account_of",),
        "shift.leftovers": ("services.cashier.leftovers.of_day",),
    },
    always_open=("cashier.view", "cashier.issue_slip", "cashier.charge"),
    kpis=(
        Kpi(
            key="takings",
            label=_("Takings"),
            unit="fen",
            version=1,
            compute="services.cashier.kpis.takings",
            order=60,
            direction="up",
            group=_("Money"),
            definition=_("Money taken in on the day by any tender, less what was paid back."),
            clause="002 P5.4.5",
            # An agency sells by agreement and invoice; it has no till.
            kinds=("clinic",),
        ),
        Kpi(
            key="arrears",
            label=_("Arrears"),
            unit="fen",
            version=1,
            compute="services.cashier.kpis.arrears",
            order=61,
            direction="down",
            aggregate="last",
            group=_("Money"),
            definition=_("What patients still owed when the last day of the period ended."),
            clause="002 P5.4.4",
            kinds=("clinic",),
        ),
        Kpi(
            key="till_wait",
            label=_("Median wait at the till"),
            unit="minutes",
            version=1,
            compute="services.cashier.kpis.till_wait",
            order=45,
            direction="down",
            aggregate="mean",
            group=_("Visits and waiting"),
            definition=_("Median of the minutes from the doctor's signature on the slip to its charge."),
            clause="002 P3.G1",
            kinds=("clinic",),
        ),
    ),
)
