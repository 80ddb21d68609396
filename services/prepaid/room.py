"""Prepaid: packages of sessions and stored value, their balances, uses and refunds."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, Kpi, NavItem, Param, Room

ROOM = Room(
    key="prepaid",
    label=pgettext_lazy("room", "Prepaid"),
    urls="services.prepaid.web.urls",
    api_urls="services.prepaid.api.urls",
    nav=(
        NavItem(
            key="prepaid",
            label=pgettext_lazy("nav", "Prepaid"),
            url_name="prepaid:register",
            permission="prepaid.view",
            icon="cash",
            order=527,
        ),
    ),
    permissions={
        "prepaid.view": _("See packages and stored value of patients"),
        "prepaid.redeem": _("Use sessions of packages at a visit"),
        "prepaid.consent": _("Share and transfer with the consent of patients"),
        "prepaid.adjust": _("Freeze and extend packages and take back uses"),
        "prepaid.refund": _("Ask for the refund of packages and stored value"),
        "prepaid.manage": _("Set what is offered in advance"),
        "prepaid.see_liability": _("See what the house owes for what is prepaid"),
    },
    role_grants={
        "cashier": ("prepaid.view", "prepaid.redeem", "prepaid.consent"),
        "front_desk": ("prepaid.view", "prepaid.redeem", "prepaid.consent"),
        "nurse": ("prepaid.view", "prepaid.redeem"),
        "doctor": ("prepaid.view", "prepaid.redeem", "prepaid.refund"),
        "supervisor": ("prepaid.view", "prepaid.consent", "prepaid.adjust", "prepaid.see_liability"),
        "clinic_director": ("prepaid.view", "prepaid.adjust", "prepaid.see_liability"),
        "dean": ("prepaid.view", "prepaid.see_liability"),
        "finance": ("prepaid.view", "prepaid.manage", "prepaid.see_liability"),
        "tenant_admin": ("prepaid.view", "prepaid.manage", "prepaid.see_liability"),
        "reconciler": ("prepaid.view", "prepaid.see_liability"),
    },
    parameters=(
        Param(
            key="prepaid_cooling_off_days",
            kind="days",
            default=7,
            minimum=7,
            maximum=90,
            tightens="higher",
            label=_("Days within which what was prepaid goes back without a reason"),
        ),
        Param(
            key="prepaid_refund_rule",
            kind="choice",
            default="pro_rata",
            choices=("pro_rata", "list_price"),
            label=_("How a package is refunded after the cooling-off period, on the patient's own wish"),
        ),
        Param(
            key="prepaid_notice_days",
            kind="days",
            default=30,
            minimum=1,
            maximum=365,
            label=_("Days before its last day on which the holder of a package is told"),
        ),
    ),
    timers={
        "prepaid.expire": "services.prepaid.lasting.on_validity_over",
        "prepaid.notice": "services.prepaid.lasting.on_notice",
    },
    daily={"prepaid.compare": Daily(at="03:10", handler="services.prepaid.comparing.compare_every_site")},
    machines=("services.prepaid.machines.HOLDING",),
    slots={
        "cashier.held": ("services.prepaid.keeping.held",),
        "cashier.take.stored_value": ("services.prepaid.keeping.take",),
        "refunds.kept": ("services.prepaid.keeping.kept",),
        "refunds.give.stored_value": ("services.prepaid.keeping.give",),
        "refunds.turned": ("services.prepaid.keeping.turned",),
        "patient.tabs": ("services.prepaid.web.slots.patient_tab",),
        "visit.actions": ("services.prepaid.web.slots.visit_action",),
        "charge.ways": ("services.prepaid.web.slots.charge_way",),
    },
    always_open=("prepaid.view", "prepaid.redeem", "prepaid.consent", "prepaid.adjust", "prepaid.refund"),
    kpis=(
        Kpi(
            key="prepaid_liability",
            label=_("Prepaid by patients"),
            unit="fen",
            version=1,
            compute="services.prepaid.kpis.liability",
            order=62,
            aggregate="last",
            group=_("Money"),
            definition=_(
                "What patients had paid in advance and not used when the last day of the period ended. It is no income."
            ),
            kinds=("clinic",),
        ),
    ),
)
