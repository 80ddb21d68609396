"""What the correction book contributes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

ROOM = Room(
    key="corrections",
    label=pgettext_lazy("room", "Correction book"),
    urls="services.corrections.web.urls",
    api_urls="services.corrections.api.urls",
    nav=(
        NavItem(
            key="corrections",
            label=pgettext_lazy("nav", "Changes"),
            url_name="corrections:book",
            permission="corrections.view",
            icon="pencil",
            order=53,
        ),
    ),
    permissions={
        "corrections.view": _("See the correction book"),
        "corrections.write": _("Write one's own errors at the till into the correction book"),
        "corrections.verify": _("Verify corrections, and reject them"),
        "corrections.acknowledge": _("Acknowledge corrections"),
    },
    role_grants={
        "cashier": ("corrections.view", "corrections.write"),
        "supervisor": ("corrections.view", "corrections.verify"),
        "higher_supervisor": ("corrections.view", "corrections.acknowledge"),
        # Where a site has no supervisor, or a house no higher one, they stand in; never twice in one entry.
        "clinic_director": ("corrections.view", "corrections.verify", "corrections.acknowledge"),
        "dean": ("corrections.view", "corrections.verify", "corrections.acknowledge"),
        "finance": ("corrections.view",),
        "reconciler": ("corrections.view",),
    },
    parameters=(
        Param(
            key="correction_editor",
            kind="choice",
            default="supervisor",
            choices=("supervisor", "higher_supervisor"),
            label=_("Who changes the data after a correction was approved"),
            ledger=("CA-023",),
        ),
    ),
    machines=("services.corrections.machines.CORRECTION",),
    slots={
        "shift.leftovers": ("services.corrections.leftovers.of_day",),
        "receipt.acts": ("services.corrections.web.slots.receipt_act",),
    },
    always_open=("corrections.view", "corrections.write", "corrections.verify", "corrections.acknowledge"),
)
