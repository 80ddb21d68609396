"""The operators' API: tenants, their switches and host names, jobs, sign-ups, dead letters, health."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import available_timezones

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Filters, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed
from tenants.directory import public_schema
from tenants.models import ProvisioningJob, SignUpRequest, Tenant
from tenants.operators import actions, selectors
from tenants.operators.api.serializers import (
    DeadLetterListOut,
    DecisionIn,
    DomainIn,
    HealthOut,
    JobOut,
    RequeuedOut,
    SignUpOut,
    SuspensionIn,
    SwitchIn,
    TenantIn,
    TenantOut,
)
from tenants.provisioning import actions as provisioning
from tenants.provisioning.ordering import order_tenant
from tenants.selectors import catalogue_of_tenants
from tenants.site import actions as site


def _named(queryset: QuerySet[Tenant], text: str) -> QuerySet[Tenant]:
    return queryset.filter(name__icontains=text) | queryset.filter(slug__icontains=text)


class Tenants(ApiView):
    permissions = {"GET": "platform.view", "POST": "platform.create_tenant"}
    inputs = {"POST": TenantIn}
    outputs = {"GET": paged(TenantOut), "POST": JobOut}
    filters = Filters(
        Text("kind", "kind"),
        Choice("state", "state", Tenant.State.values),
        Text("chain", "chain__name"),
        Text("q", _named, help="Part of the name or subdomain"),
        ordering={"slug": "slug", "created_at": "created_at"},
        default="slug",
    )

    def get(self, request: Request) -> Response:
        """List tenants."""
        with public_schema():
            return self.page(catalogue_of_tenants().select_related("chain", "vitals"), TenantOut)

    def post(self, request: Request) -> Response:
        """Set up a tenant. Answers with the job that does it."""
        data = self.read(request)
        if data["time_zone"] not in available_timezones():
            raise Malformed(
                "validation_error",
                _("There is no such time zone. Write it like Asia/Shanghai."),
                fields={"time_zone": [_("There is no such time zone.")]},
            )
        person = data["administrator"]
        job = order_tenant(
            by=self.actor,
            slug=data["slug"],
            name=data["name"],
            kind=data["kind"],
            chain_name=data["chain"],
            verticals=tuple(data["verticals"]),
            time_zone=data["time_zone"],
            language=data["language"],
            profile=data["profile"],
            administrator=(person["name"], person["mail"]) if person else None,
        )
        return self.one(job, JobOut, status=201)


class OneTenant(ApiView):
    permissions = {"GET": "platform.view"}
    outputs = {"GET": TenantOut}

    def get(self, request: Request, slug: str) -> Response:
        """One tenant."""
        return _answer(self, selectors.access_tenant(self.actor, slug))


class Switch(ApiView):
    permissions = {"PUT": "platform.switch_vertical"}
    inputs = {"PUT": SwitchIn}
    outputs = {"PUT": TenantOut}

    def put(self, request: Request, slug: str, vertical: str) -> Response:
        """Switch a vertical on or off. Off keeps its data."""
        found = selectors.access_tenant(self.actor, slug)
        provisioning.switch_vertical(by=self.actor, tenant=found, vertical=vertical, **self.read(request))
        return _answer(self, found)


class Suspension(ApiView):
    permissions = {"PUT": "platform.suspend_tenant"}
    inputs = {"PUT": SuspensionIn}
    outputs = {"PUT": TenantOut}

    def put(self, request: Request, slug: str) -> Response:
        """Suspend a tenant or let it go on."""
        found = selectors.access_tenant(self.actor, slug)
        provisioning.suspend_tenant(by=self.actor, tenant=found, **self.read(request))
        return _answer(self, found)


class Domains(ApiView):
    permissions = {"POST": "platform.manage_domains"}
    inputs = {"POST": DomainIn}
    outputs = {"POST": TenantOut}

    def post(self, request: Request, slug: str) -> Response:
        """Let a tenant answer on a host name of its own."""
        found = selectors.access_tenant(self.actor, slug)
        provisioning.add_domain(by=self.actor, tenant=found, **self.read(request))
        return _answer(self, found, status=201)


class OneDomain(ApiView):
    permissions = {"DELETE": "platform.manage_domains", "PUT": "platform.manage_domains"}
    outputs = {"DELETE": (204, None), "PUT": TenantOut}

    def put(self, request: Request, slug: str, host: str) -> Response:
        """Let links of the tenant use this host name."""
        found = selectors.access_tenant(self.actor, slug)
        provisioning.make_domain_primary(by=self.actor, tenant=found, host=host)
        return _answer(self, found)

    def delete(self, request: Request, slug: str, host: str) -> Response:
        """Take a host name away."""
        provisioning.remove_domain(by=self.actor, tenant=selectors.access_tenant(self.actor, slug), host=host)
        return Response(status=204)


class DeadLetters(ApiView):
    permissions = {"GET": "platform.view", "POST": "platform.requeue"}
    outputs = {"GET": DeadLetterListOut, "POST": (200, RequeuedOut)}

    def get(self, request: Request, slug: str) -> Response:
        """The dead letters of a tenant by type; never what they carry."""
        found = selectors.dead_letters_of(selectors.access_tenant(self.actor, slug))
        return Response(DeadLetterListOut({"results": found}).data)

    def post(self, request: Request, slug: str) -> Response:
        """Try all dead letters of a tenant again."""
        count = actions.requeue_dead_letters(by=self.actor, tenant=selectors.access_tenant(self.actor, slug))
        return Response(RequeuedOut({"requeued": count}).data)


class Jobs(ApiView):
    permissions = {"GET": "platform.view"}
    outputs = {"GET": paged(JobOut)}
    filters = Filters(
        Choice("state", "state", ProvisioningJob.State.values),
        Text("tenant", "tenant__slug"),
        ordering={"created_at": "created_at"},
        default="-created_at",
    )

    def get(self, request: Request) -> Response:
        """List jobs."""
        with public_schema():
            return self.page(selectors.jobs(), JobOut)


class OneJob(ApiView):
    permissions = {"GET": "platform.view"}
    outputs = {"GET": JobOut}

    def get(self, request: Request, code: UUID) -> Response:
        """One job with its steps."""
        return self.one(selectors.access_job(self.actor, code), JobOut)


class Resumption(ApiView):
    permissions = {"POST": "platform.create_tenant"}
    outputs = {"POST": (202, JobOut)}

    def post(self, request: Request, code: UUID) -> Response:
        """Let a stopped job go on with the step that stopped."""
        job = provisioning.resume_job(by=self.actor, job=selectors.access_job(self.actor, code))
        return self.one(job, JobOut, status=202)


class SignUps(ApiView):
    permissions = {"GET": "platform.create_tenant"}
    outputs = {"GET": paged(SignUpOut)}
    filters = Filters(
        Choice("state", "state", SignUpRequest.State.values),
        ordering={"created_at": "created_at"},
        default="-created_at",
    )

    def get(self, request: Request) -> Response:
        """List sign-ups."""
        with public_schema():
            return self.page(selectors.sign_ups(), SignUpOut)


class Decision(ApiView):
    permissions = {"POST": "platform.create_tenant"}
    inputs = {"POST": DecisionIn}
    outputs = {"POST": (200, SignUpOut)}

    def post(self, request: Request, code: UUID) -> Response:
        """Approve or decline a sign-up."""
        data = self.read(request)
        asked = selectors.access_sign_up(self.actor, code)
        if data["approve"]:
            decided = site.approve_sign_up(by=self.actor, request=asked, chain_name=data["chain"])
        else:
            decided = site.decline_sign_up(by=self.actor, request=asked)
        with public_schema():
            return self.one(decided, SignUpOut)


class Health(ApiView):
    permissions = {"GET": "platform.view"}
    outputs = {"GET": HealthOut}

    def get(self, request: Request) -> Response:
        """Signs of life, backlog, migrations, and the tenants that somebody should look at."""
        concerned = selectors.tenant_rows(show="attention")
        return Response(HealthOut({**selectors.health(), "concerned": concerned}).data)


def _answer(view: ApiView, tenant: Tenant, *, status: int = 200) -> Response:
    """The tenant as it stands now."""
    with public_schema():
        row = catalogue_of_tenants().select_related("chain", "vitals").get(pk=tenant.pk)
        return view.one(row, TenantOut, status=status)
