"""What staff contributes: who works here, and the duty roster."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Room

ROSTER_HEADS = (
    "tenant_admin", "dean", "clinic_director", "higher_supervisor", "supervisor", "service_supervisor",
    "department_head", "head_nurse", "doctor_supervisor",
)  # fmt: skip
EVERYBODY_ELSE = (
    "duty_superior", "team_leader", "chief_physician", "specialist", "doctor", "nurse", "assistant", "consultant",
    "customer_service", "front_desk", "lobby_receptionist", "guide", "waiting_attendant", "phone_agent",
    "follow_up_caller", "cashier", "reconciler", "finance", "trainer", "quality", "investigator",
)  # fmt: skip

ROOM = Room(
    key="staff",
    label=pgettext_lazy("room", "Staff"),
    urls="services.staff.web.urls",
    api_urls="services.staff.api.urls",
    permissions={
        "staff.view": _("See colleagues and the duty roster"),
        "staff.view_private": _("See private phones of colleagues"),
        "staff.manage": _("Add and change staff members"),
        "staff.roster": _("Plan the duty roster"),
    },
    role_grants={
        **dict.fromkeys(EVERYBODY_ELSE, ("staff.view",)),
        **dict.fromkeys(ROSTER_HEADS, ("staff.view", "staff.roster")),
        "hr_officer": ("staff.view", "staff.view_private", "staff.manage", "staff.roster"),
        "tenant_admin": ("staff.view", "staff.view_private", "staff.manage", "staff.roster"),
    },
    timers={"staff.leaver": "services.staff.handlers.close_account_of_leaver"},
    nav=(
        NavItem(
            key="staff",
            label=pgettext_lazy("nav", "Roster"),
            url_name="staff:roster",
            permission="staff.view",
            icon="people",
            order=800,
        ),
    ),
)
