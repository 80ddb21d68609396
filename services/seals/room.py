"""What the seals contribute: who may press which one, and the register of their use."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Room

ROOM = Room(
    key="seals",
    label=pgettext_lazy("room", "Seals"),
    urls="services.seals.web.urls",
    api_urls="services.seals.api.urls",
    permissions={
        "seals.view": _("See what was sealed, when and by whom"),
        "seals.charge": _("Press the charge seal on receipts"),
        "seals.cash_paid": _("Press “cash paid” on refund forms"),
        "seals.official": _("Press the official seal"),
        "seals.invoice_issued": _("Press “invoice issued” on invoices"),
    },
    role_grants={
        "cashier": ("seals.view", "seals.charge", "seals.cash_paid", "seals.invoice_issued"),
        "finance": ("seals.view", "seals.official", "seals.invoice_issued"),
        "dean": ("seals.view", "seals.official"),
        "clinic_director": ("seals.view", "seals.official"),
        "supervisor": ("seals.view",),
        "higher_supervisor": ("seals.view",),
        "reconciler": ("seals.view",),
    },
    always_open=("seals.charge", "seals.cash_paid"),
)
