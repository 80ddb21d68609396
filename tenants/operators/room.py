"""What the operators' console contributes, and the kind of tenant that it lives in."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import NavItem, Room, TenantKind

WORDS = {
    "platform.view": _("See tenants, jobs and health, without anything that tenants keep"),
    "platform.create_tenant": _("Create tenants, decide sign-ups and resume jobs"),
    "platform.switch_vertical": _("Switch the verticals of a tenant on and off"),
    "platform.suspend_tenant": _("Suspend a tenant and let it go on"),
    "platform.manage_domains": _("Add and remove host names of a tenant"),
    "platform.requeue": _("Deliver failed events and timers of a tenant again"),
    "platform.migrate": _("Try a failed migration of a tenant again"),
}

ROOM = Room(
    key="operators",
    label=_("Operations"),
    families=frozenset({"platform"}),
    urls="tenants.operators.web.urls",
    api_urls="tenants.operators.api.urls",
    mount="",
    kinds=(TenantKind(key="platform", family="platform", label=_("Platform"), home="operators:tenants"),),
    nav=(
        NavItem(
            key="tenants",
            label=_("Tenants"),
            url_name="operators:tenants",
            permission="platform.view",
            icon="building",
            order=10,
        ),
        NavItem(
            key="jobs",
            label=_("Jobs"),
            url_name="operators:jobs",
            permission="platform.view",
            icon="task",
            order=20,
            badge="tenants.operators.selectors.jobs_to_look_at",
        ),
        NavItem(
            key="sign-ups",
            label=_("Sign-ups"),
            url_name="operators:sign-ups",
            permission="platform.create_tenant",
            icon="inbox",
            order=30,
            badge="tenants.operators.selectors.sign_ups_waiting",
        ),
        NavItem(
            key="dead-letters",
            label=_("Dead letters"),
            url_name="operators:dead-letters",
            permission="platform.view",
            icon="mail",
            order=40,
            badge="tenants.operators.selectors.dead_letters_total",
        ),
        NavItem(
            key="health",
            label=_("Health"),
            url_name="operators:health",
            permission="platform.view",
            icon="heart",
            order=50,
        ),
    ),
    permissions=WORDS,
    role_grants={"operator": tuple(WORDS)},
)
