"""Suspend a tenant, or with --resume let it go on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from kernel.context import Actor
from tenants.management.commands._base import JsonCommand, NotDone
from tenants.models import Tenant
from tenants.provisioning.actions import public_schema, suspend_tenant


class Command(JsonCommand):
    help = __doc__

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--resume", action="store_true")

    def work(self, **options: Any) -> dict[str, Any]:
        with public_schema():
            tenant = Tenant.objects.filter(slug=options["slug"]).first()
        if tenant is None:
            raise NotDone(f"there is no tenant {options['slug']!r}")
        suspend_tenant(by=Actor.system("command"), tenant=tenant, suspended=not options["resume"])
        return {"slug": tenant.slug, "suspended": not options["resume"]}
