"""Discounts: the finance policy, coupons, and what the till asks for."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Room

APPROVES = ("discounts.view", "discounts.approve")
MANAGES = (*APPROVES, "discounts.manage")

ROOM = Room(
    key="discounts",
    label=pgettext_lazy("room", "Discounts"),
    urls="services.discounts.web.urls",
    api_urls="services.discounts.api.urls",
    nav=(
        NavItem(
            key="discounts",
            label=pgettext_lazy("nav", "Discounts"),
            url_name="discounts:policies",
            permission="discounts.view",
            icon="yuan",
            order=520,
        ),
    ),
    permissions={
        "discounts.view": _("See the finance policy and its coupons"),
        "discounts.manage": _("Write the finance policy and issue coupons"),
        "discounts.approve": _("Approve discounts outside the finance policy"),
    },
    role_grants={
        "cashier": ("discounts.view",),
        "supervisor": APPROVES,
        "clinic_director": MANAGES,
        "dean": MANAGES,
        "finance": MANAGES,
    },
    always_open=("discounts.view", "discounts.approve"),
    machines=("services.discounts.machines.COUPON", "services.discounts.machines.APPROVAL"),
)
