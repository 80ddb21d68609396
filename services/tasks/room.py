"""What the inbox contributes."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import NavItem, Room
from services.sites.room import ROLES

ASSIGNERS = (
    "supervisor", "higher_supervisor", "service_supervisor", "duty_superior", "doctor_supervisor", "head_nurse",
    "team_leader", "department_head", "clinic_director", "dean",
)  # fmt: skip

ROOM = Room(
    key="tasks",
    label=_("My day"),
    urls="services.tasks.web.urls",
    api_urls="services.tasks.api.urls",
    nav=(
        NavItem(
            key="tasks",
            label=_("Tasks"),
            url_name="tasks:my-day",
            permission="tasks.work",
            icon="task",
            order=40,
            daily_for=tuple(role.slug for role in ROLES),
            badge="services.tasks.web.views.badge",
            home_for=(
                "supervisor",
                "higher_supervisor",
                "clinic_director",
                "dean",
                "doctor_supervisor",
                "follow_up_caller",
            ),
        ),
    ),
    permissions={
        "tasks.work": _("See and close one's own tasks"),
        "tasks.assign": _("Assign other people's tasks"),
    },
    role_grants={
        **{role.slug: ("tasks.work",) for role in ROLES},
        **dict.fromkeys(ASSIGNERS, ("tasks.work", "tasks.assign")),
    },
    timers={
        "tasks.escalate": "services.tasks.handlers.on_escalate",
        "tasks.wake": "services.tasks.handlers.on_wake",
    },
)
