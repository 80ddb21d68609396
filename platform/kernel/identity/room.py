from django.utils.translation import gettext_lazy as _

from kernel.registry import Daily, NavItem, Param, RoleSpec, Room

EVERY_FAMILY = frozenset({"business", "headquarters", "platform"})
ADMINISTRATION = (
    "identity.view_users",
    "identity.manage_users",
    "identity.assign_roles",
    "identity.edit_roles",
    "identity.appoint_deputy",
)

ROOM = Room(
    key="identity",
    label=_("People and roles"),
    families=EVERY_FAMILY,
    urls="kernel.identity.web.urls",
    mount="people",
    nav=(
        NavItem(
            key="people",
            label=_("People"),
            url_name="identity:people",
            permission="identity.view_users",
            icon="people",
            order=920,
        ),
    ),
    permissions={
        "identity.view_users": _("See who works here and which roles they hold"),
        "identity.manage_users": _("Invite, correct and close accounts, reset passwords and second factors"),
        "identity.assign_roles": _("Give and withdraw roles"),
        "identity.edit_roles": _("Decide what a role may do"),
        "identity.appoint_deputy": _("Appoint who stands in for whom"),
    },
    roles=(
        RoleSpec(
            slug="tenant_admin",
            label=_("Administrator"),
            requires_mfa=True,
            words=ADMINISTRATION,
            families=EVERY_FAMILY,
        ),
        RoleSpec(slug="billing_admin", label=_("Billing administrator"), requires_mfa=True, families=EVERY_FAMILY),
        RoleSpec(
            slug="hq_analyst",
            label=_("Headquarters analyst"),
            requires_mfa=True,
            families=frozenset({"headquarters"}),
        ),
        RoleSpec(
            slug="hq_manager",
            label=_("Headquarters manager"),
            requires_mfa=True,
            words=ADMINISTRATION,
            families=frozenset({"headquarters"}),
        ),
        RoleSpec(
            slug="operator",
            label=_("Platform operator"),
            requires_mfa=True,
            words=ADMINISTRATION,
            families=frozenset({"platform"}),
        ),
    ),
    # Who may come in is kept in order in every billing state: people leave also when nobody pays.
    always_open=ADMINISTRATION,
    handlers={"identity.password_reset_asked": ("kernel.identity.handlers.send_reset_link",)},
    parameters=(
        Param(
            key="desk_lock_seconds",
            kind="int",
            default=60,
            unit="s",
            minimum=30,
            maximum=600,
            tightens="lower",
            label=_("Seconds without work after which a shared desk locks"),
        ),
    ),
    slots={"shell.account": ("kernel.identity.web.menu.account_entry",)},
    daily={"identity.purge": Daily(at="03:40", handler="kernel.identity.handlers.purge")},
)
