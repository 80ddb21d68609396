"""What sites contribute: the kind of tenant that clinics are, their general roles, and the settings of a branch."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, RoleSpec, Room, TenantKind

ROLES = (
    RoleSpec(slug="dean", label=_("Dean"), requires_mfa=True),
    RoleSpec(slug="clinic_director", label=_("Clinic director")),
    RoleSpec(slug="higher_supervisor", label=_("Higher supervisor")),
    RoleSpec(slug="supervisor", label=_("Supervisor"), requires_mfa=True),
    RoleSpec(slug="service_supervisor", label=_("Supervisor of the service department")),
    RoleSpec(slug="duty_superior", label=_("Duty superior")),
    RoleSpec(slug="department_head", label=_("Head of department")),
    RoleSpec(slug="team_leader", label=_("Team leader")),
    RoleSpec(slug="chief_physician", label=_("Chief physician")),
    RoleSpec(slug="doctor_supervisor", label=_("Supervisor of the doctors")),
    RoleSpec(slug="specialist", label=_("Specialist")),
    RoleSpec(slug="doctor", label=_("Doctor")),
    RoleSpec(slug="head_nurse", label=_("Head nurse")),
    RoleSpec(slug="nurse", label=_("Nurse")),
    RoleSpec(slug="assistant", label=_("Assistant")),
    RoleSpec(slug="consultant", label=_("Consultant")),
    RoleSpec(slug="customer_service", label=_("Customer service")),
    RoleSpec(slug="front_desk", label=_("Front desk")),
    RoleSpec(slug="lobby_receptionist", label=_("Lobby receptionist")),
    RoleSpec(slug="guide", label=_("Guide")),
    RoleSpec(slug="waiting_attendant", label=_("Waiting-area attendant")),
    RoleSpec(slug="phone_agent", label=_("Phone agent")),
    RoleSpec(slug="follow_up_caller", label=_("Follow-up caller")),
    RoleSpec(slug="cashier", label=_("Cashier")),
    RoleSpec(slug="reconciler", label=_("Reconciler")),
    RoleSpec(slug="finance", label=_("Finance")),
    RoleSpec(slug="hr_officer", label=_("Personnel officer")),
    RoleSpec(slug="trainer", label=_("Trainer and examiner")),
    RoleSpec(slug="quality", label=_("Quality")),
    RoleSpec(slug="investigator", label=_("Complaint investigator")),
)

ROOM = Room(
    key="sites",
    label=pgettext_lazy("room", "Sites"),
    urls="services.sites.web.urls",
    api_urls="services.sites.api.urls",
    kinds=(TenantKind(key="clinic", family="business", label=_("Clinic"), home="reception:board"),),
    roles=ROLES,
    permissions={
        "sites.view": _("See sites, opening hours and chairs"),
        "sites.manage": _("Change legal entities, sites, opening hours, rooms and chairs"),
    },
    role_grants={
        **{role.slug: ("sites.view",) for role in ROLES},
        "tenant_admin": ("sites.view", "sites.manage"),
    },
    nav=(
        NavItem(
            key="sites",
            label=pgettext_lazy("nav", "Sites"),
            url_name="sites:list",
            permission="sites.manage",
            icon="building",
            order=900,
        ),
    ),
    slots={
        "shell.sites": ("services.sites.web.slots.site_choices",),
        "usage.meters": ("services.sites.meters.SITES",),
    },
)
