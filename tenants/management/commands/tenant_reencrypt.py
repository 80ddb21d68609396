"""Seal every encrypted value again under the first of FIELD_KEYS, in every tenant or in one. Online; may be repeated."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db import connection

from kernel.crypto.rotation import reencrypt_tenant
from kernel.tenancy import activate
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
        changed: dict[str, int] = {}
        # Notes and documents are append-only: a tenant's own role may not update them, whatever the reason.
        with connection.as_owner():
            for tenant in tenants:
                with activate(tenant):
                    changed[tenant.slug] = sum(reencrypt_tenant().values())
        return {"changed": sum(changed.values()), "tenants": changed}
