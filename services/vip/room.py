"""VIP: cards with their register, partners' vouchers, and the measures told to leaving patients."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

ROOM = Room(
    key="vip",
    label=pgettext_lazy("room", "VIP"),
    urls="services.vip.web.urls",
    api_urls="services.vip.api.urls",
    nav=(
        NavItem(
            key="vip",
            label=pgettext_lazy("nav", "VIP"),
            url_name="vip:register",
            permission="vip.view",
            icon="people",
            order=525,
        ),
    ),
    permissions={
        "vip.view": _("See the VIP register, partners' vouchers and the measures"),
        "vip.keep": _("Take blank VIP cards into stock and name their custodian"),
        "vip.issue": _("Propose, issue and replace VIP cards, and report them lost"),
        "vip.sign": _("Sign VIP cards as chief physician"),
        "vip.use": _("Count uses of VIP cards and check cardholders of partners"),
        "vip.revoke": _("Revoke VIP cards"),
        "vip.manage": _("Enter partners' packages and vouchers, and the list of measures"),
        "vip.tell": _("Tell leaving patients the measures of the house"),
    },
    role_grants={
        "cashier": ("vip.view", "vip.keep", "vip.issue", "vip.use", "vip.tell"),
        "chief_physician": ("vip.view", "vip.sign"),
        "supervisor": ("vip.view", "vip.keep", "vip.revoke", "vip.manage", "vip.tell"),
        "clinic_director": ("vip.view", "vip.revoke", "vip.manage"),
        "dean": ("vip.view", "vip.manage"),
        "finance": ("vip.view",),
        "reconciler": ("vip.view",),
        **dict.fromkeys(("front_desk", "guide", "nurse"), ("vip.view", "vip.tell")),
    },
    parameters=(
        Param(
            key="vip_card_uses",
            kind="int",
            default=10,
            minimum=1,
            maximum=1000,
            label=_("How often a VIP card may be used"),
            ledger=("VP-004",),
        ),
        Param(
            key="vip_card_valid_days",
            kind="days",
            default=365,
            minimum=1,
            maximum=3650,
            label=_("How many days a VIP card is valid after it is issued"),
            ledger=("VP-004", "VP-005"),
        ),
    ),
    timers={"vip.expire": "services.vip.actions.on_validity_over"},
    machines=("services.vip.machines.CARD", "services.vip.machines.VOUCHER"),
    slots={
        "cashier.take.voucher": ("services.vip.vouchers.take",),
        "patient.tabs": ("services.vip.web.slots.patient_tab",),
        "receipt.acts": ("services.vip.web.slots.receipt_act",),
    },
)
