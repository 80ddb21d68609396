"""What equipment contributes: the register of devices, maintenance, faults, damage and loss (IN-008 to IN-010, IN-014)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, NavItem, Room
from services.sites.room import ROLES

ANYBODY = ("equipment.view", "equipment.report")
KEEPS = (*ANYBODY, "equipment.maintain", "equipment.manage")

ROOM = Room(
    key="equipment",
    label=pgettext_lazy("room", "Equipment"),
    urls="services.equipment.web.urls",
    api_urls="services.equipment.api.urls",
    nav=(
        NavItem(
            key="equipment",
            label=pgettext_lazy("nav", "Equipment"),
            url_name="equipment:register",
            permission="equipment.view",
            icon="settings",
            order=68,
        ),
    ),
    permissions={
        "equipment.view": _("See the register of devices"),
        "equipment.report": _("Report faults of devices, damage and loss of instruments"),
        "equipment.maintain": _("Maintain and repair devices"),
        "equipment.manage": _("Enter devices and the treatments that need them"),
        "equipment.judge": _("Give the preliminary opinion on damage and loss, and carry out what was decided"),
        "equipment.decide": _("Decide about damage and loss of instruments"),
    },
    role_grants={
        **{role.slug: ANYBODY for role in ROLES},
        "head_nurse": (*KEEPS, "equipment.judge"),
        "supervisor": KEEPS,
        "tenant_admin": KEEPS,
        "clinic_director": KEEPS,
        "dean": (*ANYBODY, "equipment.decide"),
    },
    daily={"equipment.plans": Daily(at="06:30", handler="services.equipment.handlers.watch_plans")},
    machines=(
        "services.equipment.machines.DEVICE",
        "services.equipment.machines.FAULT",
        "services.equipment.machines.DAMAGE",
    ),
    slots={"appointment.warnings": ("services.equipment.web.slots.appointment_warnings",)},
    seeds=("services.equipment.starter.load",),
    # A broken device is reported and repaired in every state of the account.
    always_open=("equipment.view", "equipment.report", "equipment.maintain"),
)
