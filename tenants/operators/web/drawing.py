"""From what the selectors found to what the templates draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel import registry
from kernel.audit.models import AuditEntry
from kernel.web import formatting
from tenants.models import Tenant
from tenants.operators.selectors import BILLING_WORDS, TenantRow

ACTS: Mapping[str, tuple[Any, str]] = {
    "platform.tenant_requested": (gettext_lazy("Tenant requested"), "plus"),
    "platform.job_resumed": (gettext_lazy("Job resumed"), "refresh"),
    "platform.vertical_switched_on": (gettext_lazy("Vertical switched on"), "check"),
    "platform.vertical_switched_off": (gettext_lazy("Vertical switched off"), "minus"),
    "platform.tenant_suspended": (gettext_lazy("Suspended"), "lock"),
    "platform.tenant_resumed": (gettext_lazy("Let go on"), "play"),
    "platform.domain_added": (gettext_lazy("Host name added"), "globe"),
    "platform.domain_removed": (gettext_lazy("Host name removed"), "globe"),
    "platform.domain_made_primary": (gettext_lazy("Main host name changed"), "globe"),
    "platform.dead_letters_requeued": (gettext_lazy("Dead letters tried again"), "mail"),
    "platform.migration_retried": (gettext_lazy("Migration tried again"), "refresh"),
}


def heading_figures(rows: Sequence[TenantRow]) -> list[dict[str, Any]]:
    """The line of figures above the list: what is wrong, in words that can be acted upon."""
    states = [row.tenant.state for row in rows]
    failed = [row for row in rows if any(concern.key == "migration_failed" for concern in row.concerns)]
    behind = sum(row.behind for row in rows)
    stopped = [row for row in rows if any(concern.key == "job_failed" for concern in row.concerns)]
    late = [row for row in rows if any(concern.key == "late" for concern in row.concerns)]
    dead = sum(row.dead_letters for row in rows)
    migrated = sum(row.schema is not None for row in rows)
    return [
        {
            "label": _("Tenants"),
            "value": len(rows),
            "note": _("%(active)s active · %(suspended)s suspended · %(new)s being set up")
            % {
                "active": states.count(Tenant.State.ACTIVE),
                "suspended": states.count(Tenant.State.SUSPENDED),
                "new": states.count(Tenant.State.PROVISIONING),
            },
        },
        {
            "label": _("Set-up"),
            "value": ngettext("%(n)s stopped", "%(n)s stopped", len(stopped)) % {"n": len(stopped)},
            "note": _names(stopped) or _("nothing to do"),
            "tone": "late" if stopped else "",
            "url": reverse("operators:jobs"),
        },
        {
            "label": _("Migrations"),
            "value": f"{migrated - behind} / {migrated}",
            "note": _names(failed) or (_("some are behind") if behind else _("all up to date")),
            "tone": "late" if failed else "warn" if behind else "",
            "url": reverse("operators:health"),
        },
        {
            "label": _("Due work"),
            "value": ngettext("%(n)s late", "%(n)s late", len(late)) % {"n": len(late)} if late else _("on time"),
            "note": _names(late) or _("nobody waits"),
            "tone": "late" if late else "",
            "url": reverse("operators:health"),
        },
        {
            "label": _("Dead letters"),
            "value": dead,
            "note": _names([row for row in rows if row.dead_letters]) or _("everything was delivered"),
            "tone": "warn" if dead else "",
            "url": reverse("operators:dead-letters"),
        },
    ]


def tenant_facts(row: TenantRow) -> list[Any]:
    """What is known of one tenant."""
    tenant, vitals = row.tenant, row.vitals
    facts: list[Any] = [
        (_("Chain"), tenant.chain.name),
        (_("Kind"), row.kind),
        (_("State"), tenant.get_state_display()),
        (_("Account"), BILLING_WORDS.get(tenant.billing_state, tenant.billing_state)),
        (_("Time zone"), tenant.time_zone),
        (_("Schema and role"), f"{tenant.schema_name} · {tenant.database_role}"),
        (_("Since"), _moment(tenant.created_at)),
    ]
    if vitals is not None:
        last = _moment(vitals.last_activity_at) if vitals.last_activity_at else _("never")
        facts += [
            (_("Last activity"), last),
            (_("People"), formatting.figure(vitals.people)),
            (_("Size"), filesizeformat(vitals.schema_bytes)),
            (_("Measured"), _moment(vitals.measured_at)),
        ]
    return facts


def history_items(entries: Sequence[AuditEntry]) -> list[dict[str, Any]]:
    """The acts of operators as a timeline."""
    items = []
    for entry in entries:
        label, icon = ACTS.get(entry.verb, (entry.verb.removeprefix("platform."), "card"))
        vertical = registry.verticals().get(entry.data.get("vertical", ""))
        text = vertical.label if vertical else entry.data.get("host", "")
        items.append(
            {
                "at": entry.at,
                "day": _moment(entry.at)[:10],
                "icon": icon,
                "title": label,
                "text": text,
                "who": entry.actor_name,
            }
        )
    return items


def _moment(at: datetime) -> str:
    """A moment in the operators' own zone."""
    return f"{formatting.localised(at):%Y-%m-%d %H:%M}"


def _names(rows: Sequence[TenantRow], at_most: int = 2) -> str:
    """The first names, and how many more."""
    names = formatting.listed(row.tenant.name for row in rows[:at_most])
    more = len(rows) - at_most
    return names if more <= 0 else _("%(names)s and %(more)s more") % {"names": names, "more": more}
