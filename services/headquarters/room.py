"""Headquarters: comparing sites by figures, never by patients."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, NavItem, Room, TenantKind

ROOM = Room(
    key="headquarters",
    label=_("Headquarters"),
    families=frozenset({"headquarters"}),
    kinds=(TenantKind(key="headquarters", family="headquarters", label=_("Headquarters"), home="headquarters:matrix"),),
    urls="services.headquarters.web.urls",
    api_urls="services.headquarters.api.urls",
    nav=(
        NavItem(
            key="matrix",
            label=_("Figures"),
            url_name="headquarters:matrix",
            permission="headquarters.view",
            icon="board",
            order=10,
        ),
        NavItem(
            key="branches",
            label=_("Branches"),
            url_name="headquarters:branches",
            permission="headquarters.view",
            icon="building",
            order=20,
        ),
        NavItem(
            key="doctors",
            label=pgettext_lazy("nav", "Shared doctors"),
            url_name="headquarters:doctors",
            permission="headquarters.view",
            icon="people",
            order=30,
        ),
        NavItem(
            key="rules",
            label=_("Published rules"),
            url_name="headquarters:rules",
            permission="headquarters.view",
            icon="settings",
            order=40,
        ),
    ),
    permissions={
        "headquarters.view": _("compare the figures of the branches"),
        "headquarters.link_doctors": _("invite houses to share the busy times of a doctor"),
    },
    role_grants={
        "hq_analyst": ("headquarters.view",),
        "hq_manager": ("headquarters.view", "headquarters.link_doctors", "parameters.publish"),
    },
    daily={"headquarters.reach_houses": Daily(at="04:10", handler="services.headquarters.publishing.reach_houses")},
    handlers={
        "kpis.day_measured": ("services.headquarters.handlers.take_in_day",),
        "rules.publication_received": ("services.headquarters.publishing.note_received",),
        "tenants.house_opened": ("services.headquarters.publishing.on_house_opened",),
        "rules.publication_adopted": ("services.headquarters.publishing.note_adopted",),
    },
)
