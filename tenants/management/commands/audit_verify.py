"""Walk the audit chain of every tenant (or of one) and name each entry or seal that was changed, added or removed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from tenants.audits import verify_tenant
from tenants.management.commands._base import JsonCommand, NotDone
from tenants.selectors import every_tenant


class Command(JsonCommand):
    help = __doc__

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only this tenant")

    def work(self, **options: Any) -> dict[str, Any]:
        tenants = [tenant for tenant in every_tenant() if options["tenant"] in (None, tenant.slug)]
        if not tenants:
            raise NotDone(f"there is no tenant {options['tenant']!r}")
        results, problems = {}, {}
        for tenant in tenants:
            found = verify_tenant(tenant)
            results[tenant.slug] = {"seals": found.seals, "entries": found.entries, "unsealed": found.unsealed}
            if not found.sound:
                problems[tenant.slug] = list(found.problems)
        if problems:
            raise NotDone("the audit is not what it was", tenants=results, problems=problems)
        return {"tenants": results, "problems": {}}
