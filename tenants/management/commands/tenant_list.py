"""List every tenant with kind, state, verticals and host, those being set up included."""

from __future__ import annotations

from typing import Any

from tenants.management.commands._base import JsonCommand
from tenants.provisioning.actions import public_schema
from tenants.selectors import catalogue_of_tenants


class Command(JsonCommand):
    help = __doc__

    def work(self, **options: Any) -> dict[str, Any]:
        with public_schema():
            tenants: list[dict[str, Any]] = [
                {
                    "slug": tenant.slug,
                    "kind": tenant.kind,
                    "state": tenant.state,
                    "chain": tenant.chain.name,
                    "verticals": sorted(row.vertical for row in tenant.activations.all() if row.active),
                    "host": next((row.domain for row in tenant.domains.all() if row.is_primary), None),
                    "billing_state": tenant.billing_state,
                }
                for tenant in catalogue_of_tenants()
            ]
        if not options["json"]:
            for row in tenants:
                verticals = ",".join(row["verticals"]) or "-"
                self.stdout.write(
                    f"{row['slug']:<16} {row['kind']:<13} {row['state']:<13} {verticals:<30} {row['host']}"
                )
            return {"count": len(tenants)}
        return {"tenants": tenants}
