"""What billing contributes: the pages of whoever pays, on the host of headquarters or of a single business."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import NavItem, Room

BUSINESS = frozenset({"headquarters", "business"})

ROOM = Room(
    key="billing",
    label=_("Plan and invoices"),
    families=BUSINESS | {"platform"},
    urls="tenants.billing.web.urls",
    api_urls="tenants.billing.api.urls",
    nav=(
        NavItem(
            key="billing",
            label=_("Plan and invoices"),
            url_name="billing:home",
            permission="billing.view",
            icon="plan",
            order=90,
            families=BUSINESS,
        ),
        NavItem(
            key="billing-accounts",
            label=_("Overdue accounts"),
            url_name="billing:accounts",
            permission="billing.operate",
            icon="plan",
            order=60,
            families=frozenset({"platform"}),
        ),
    ),
    permissions={
        "billing.view": _("See plan, use and invoices"),
        "billing.manage": _("Change the plan, pay invoices, keep the payment method"),
        "billing.operate": _("Enter transfers of customers and decide about overdue accounts"),
    },
    role_grants={
        "billing_admin": ("billing.view", "billing.manage"),
        "tenant_admin": ("billing.view",),
        "operator": ("billing.operate",),
    },
    machines=("tenants.billing.machine.SUBSCRIPTION",),
    slots={
        "usage.meters": ("tenants.billing.meters.SMS", "tenants.billing.meters.STORAGE"),
        "shell.strips": ("tenants.billing.selectors.strips",),
    },
    # Whoever cannot pay any more can never come back.
    always_open=("billing.view", "billing.manage", "billing.operate"),
)
