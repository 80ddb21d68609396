"""Create a tenant: schema, role, subdomain and starter content. A job that failed goes on with --resume."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from kernel.context import Actor
from tenants.management.commands._base import JsonCommand, NotDone
from tenants.models import ProvisioningJob
from tenants.provisioning.actions import public_schema, request_tenant, run_job


class Command(JsonCommand):
    help = __doc__

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--resume", action="store_true", help="go on with the job of this slug")
        parser.add_argument("--name", help="what the tenant is called (default: the slug)")
        parser.add_argument("--chain", help="the chain it belongs to (default: its own name)")
        parser.add_argument("--kind", default="clinic")
        parser.add_argument("--vertical", action="append", default=[], help="may be given several times")
        parser.add_argument("--time-zone", default="Asia/Shanghai")
        parser.add_argument("--language", default="zh-hans")
        parser.add_argument("--profile", choices=["literal", "default"], default="default")
        parser.add_argument("--admin-mail", help="who is invited as the first administrator")
        parser.add_argument("--admin-name", default="")

    def work(self, **options: Any) -> dict[str, Any]:
        code = self._unfinished(options["slug"]) if options["resume"] else self._request(options)
        job = run_job(code)
        return {
            "slug": job.tenant.slug,
            "code": job.tenant.code,
            "state": job.state,
            "steps": job.steps_done,
            "milliseconds": sum(job.timings.values()),
        }

    def _request(self, options: dict[str, Any]) -> UUID:
        name = options["name"] or options["slug"]
        mail = options["admin_mail"]
        return request_tenant(
            by=Actor.system("command"),
            slug=options["slug"],
            name=name,
            kind=options["kind"],
            chain_name=options["chain"] or name,
            verticals=tuple(options["vertical"]),
            time_zone=options["time_zone"],
            language=options["language"],
            profile=options["profile"],
            administrator=(options["admin_name"] or mail, mail) if mail else None,
        ).code

    def _unfinished(self, slug: str) -> UUID:
        with public_schema():
            jobs = ProvisioningJob.objects.filter(tenant__slug=slug).exclude(state=ProvisioningJob.State.DONE)
            code = jobs.order_by("-id").values_list("code", flat=True).first()
        if code is None:
            raise NotDone(f"there is no unfinished job for {slug!r}")
        return code
