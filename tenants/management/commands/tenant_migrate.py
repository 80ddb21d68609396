"""Bring the public schema and every tenant to the present migrations, with roles and grants.

A tenant that was migrated also gets what the release declares: new words of its roles, starter content, daily work; what the
tenant changed stays. A tenant that fails stays where it was, is named in the result, and is tried again by the next run.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db import connection

from tenants.database import roles
from tenants.management.commands._base import JsonCommand, NotDone
from tenants.models import Tenant
from tenants.provisioning import blueprint, migrating
from tenants.provisioning.steps import renew_content


class Command(JsonCommand):
    help = __doc__

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only this tenant (and the public schema)")
        parser.add_argument("--check", action="store_true", help="change nothing; fail if anybody is behind")
        parser.add_argument(
            "--content", action="store_true", help="bring roles, starter content and daily work to every tenant again"
        )
        parser.add_argument("--grants", action="store_true", help="grant every role again what it may do")

    def work(self, **options: Any) -> dict[str, Any]:
        if options["check"]:
            return self._check(options["tenant"])
        report = migrating.migrate_database(only=options["tenant"])
        if options["grants"]:
            _grant_all()
        report.failed |= renew_content(None if options["content"] else report.migrated, only=options["tenant"])
        result = {
            "public": report.public,
            "current": report.current,
            "migrated": len(report.migrated),
            "failed": report.failed,
        }
        if report.failed:
            raise NotDone(f"{len(report.failed)} tenants could not be migrated", **result)
        return result

    def _check(self, only: str | None) -> dict[str, Any]:
        with blueprint.in_public():
            behind = migrating.schemas_behind(blueprint.migrations_hash(), only=only)
        if behind:
            raise NotDone(f"{len(behind)} tenants are behind", behind=list(behind))
        return {"behind": []}


def _grant_all() -> None:
    with connection.as_owner(), blueprint.in_public():  # type: ignore[attr-defined]
        roles.prepare_database()
        for schema_name, role, state in Tenant.objects.values_list("schema_name", "database_role", "state"):
            if state != Tenant.State.PROVISIONING:
                roles.ensure_role(role)
                roles.grant_schema(schema_name, role)
                roles.grant_shared(role)
