"""What operators do with tenants: ask for one, resume its job, switch its verticals, suspend it, give it domains.

Every act is audited in the operators' own schema, and what changes a running tenant in that tenant's schema too.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kernel import audit, clock, registry, tenancy
from kernel.actions import action
from kernel.busy.actions import forget_house
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from tenants import directory
from tenants.billing.selectors import verticals_allowed
from tenants.database.base import tenant_role
from tenants.directory import PLATFORM, public_schema
from tenants.models import RESERVED_SLUGS, Chain, Domain, ProvisioningJob, Tenant, VerticalActivation, is_slug
from tenants.provisioning import queue
from tenants.provisioning.steps import load_starter_content, prepare_content, run_job

__all__ = [
    "add_domain",
    "load_starter_content",
    "make_domain_primary",
    "public_schema",
    "remove_domain",
    "request_tenant",
    "resume_job",
    "run_job",
    "suspend_tenant",
    "switch_vertical",
]

log = structlog.get_logger(__name__)

PLATFORM_SLUG = "ops"
_HOST = re.compile(r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")


@action(permission="platform.create_tenant")
def request_tenant(
    *,
    by: Actor,
    slug: str,
    name: str,
    kind: str,
    chain_name: str,
    verticals: tuple[str, ...] = (),
    time_zone: str = "Asia/Shanghai",
    language: str = "zh-hans",
    profile: str = "default",
    administrator: tuple[str, str] | None = None,
) -> ProvisioningJob:
    """Enter a tenant and the job that will set it up (PL-001, PL-002).

    ``administrator`` is the name and mail address of whoever is invited first. The job waits: ``run_job`` runs it
    here, ``queue.enqueue`` hands it to the worker. Raises RuleRefused for an unusable slug, kind, vertical or mail
    address and Conflict (``slug_taken``) when the subdomain is in use.
    """
    check_slug(slug, kind=kind)
    unknown = sorted(set(verticals) - set(registry.verticals()))
    if unknown:
        raise RuleRefused("unknown_vertical", _("There is no such vertical."), verticals=unknown)
    options = {}
    if administrator is not None:
        options["administrator"] = {"name": administrator[0].strip(), "mail": _checked_mail(administrator[1])}
    now = clock.now()
    with public_schema():
        chain, _created = Chain.objects.get_or_create(name=chain_name.strip(), defaults={"created_at": now})
        try:
            with transaction.atomic():
                tenant = Tenant.objects.create(
                    chain=chain,
                    slug=slug,
                    schema_name=f"t_{slug}",
                    name=name.strip(),
                    kind=kind,
                    database_role=tenant_role(slug),
                    time_zone=time_zone,
                    language=language,
                    profile=profile,
                    created_at=now,
                )
                Domain.objects.create(tenant=tenant, domain=f"{slug}.{settings.BASE_DOMAIN}", is_primary=True)
        except (IntegrityError, ValidationError) as error:
            raise Conflict(
                "slug_taken", _("This subdomain is already in use. Choose another one."), slug=slug
            ) from error
        for key in sorted(set(verticals)):
            VerticalActivation.objects.create(tenant=tenant, vertical=key, changed_at=now)
        job = ProvisioningJob.objects.create(
            tenant=tenant, options=options, requested_by=by.username or by.name, created_at=now, changed_at=now
        )
    note_act(by=by, verb="platform.tenant_requested", tenant=tenant, kind=kind, verticals=sorted(set(verticals)))
    return job


def check_slug(slug: str, *, kind: str) -> None:
    """Raises RuleRefused (``slug_not_usable``, ``unknown_kind``) for what no tenant of this kind can be called."""
    if kind not in registry.kinds():
        raise RuleRefused("unknown_kind", _("There is no such kind of tenant."), kind=kind)
    # The operators' console lives under the one reserved name that is made for it, and nowhere else.
    is_platform = registry.kind(kind).family == PLATFORM
    if is_platform != (slug == PLATFORM_SLUG) or slug in RESERVED_SLUGS - {PLATFORM_SLUG} or not is_slug(slug):
        raise RuleRefused(
            "slug_not_usable",
            _("This subdomain cannot be used. Choose 2 to 30 lower-case letters and digits, a letter first."),
            fields={"slug": [_("This subdomain cannot be used. Choose another one.")]},
            slug=slug,
        )


@action(permission="platform.create_tenant")
def resume_job(*, by: Actor, job: ProvisioningJob) -> ProvisioningJob:
    """Let a failed job go on with the step that failed. Raises Conflict (``job_not_failed``)."""
    with public_schema():
        job = ProvisioningJob.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=job.pk)
        if job.state != ProvisioningJob.State.FAILED:
            raise Conflict("job_not_failed", _("Only a failed job can be resumed."), state=job.state)
        job.state, job.changed_at = ProvisioningJob.State.WAITING, clock.now()
        job.save(update_fields=["state", "changed_at"])
        queue.enqueue(job)
    note_act(by=by, verb="platform.job_resumed", tenant=job.tenant)
    return job


@action(permission="platform.switch_vertical")
def switch_vertical(*, by: Actor, tenant: Tenant, vertical: str, active: bool) -> None:
    """Switch a vertical on or off for a tenant (PL-002). Off keeps its data; on loads starter content once.

    Raises RuleRefused (``unknown_vertical``), Conflict (``tenant_not_ready`` while it is being set up,
    ``vertical_not_in_plan``).
    """
    if vertical not in registry.verticals():
        raise RuleRefused("unknown_vertical", _("There is no such vertical."), vertical=vertical)
    with public_schema():
        tenant = _settled(tenant)
        if active:
            _ask_the_plan(tenant, vertical)
        VerticalActivation.objects.update_or_create(
            tenant=tenant, vertical=vertical, defaults={"active": active, "changed_at": clock.now()}
        )
        directory.invalidate()
        fresh = directory.build_context(tenant)
    if active:
        from kernel import timers

        with tenancy.activate(fresh):
            prepare_content()
            timers.wake_sleeping()
    note_act(by=by, verb=f"platform.vertical_switched_{'on' if active else 'off'}", tenant=tenant, vertical=vertical)


@action(permission="platform.suspend_tenant")
def suspend_tenant(*, by: Actor, tenant: Tenant, suspended: bool) -> None:
    """Suspend a tenant or let it go on; people then land in the read-and-export shell.

    Raises Conflict (``tenant_not_ready``) while it is being set up, RuleRefused (``platform_tenant``) for the
    operators' own.
    """
    with public_schema():
        tenant = _settled(tenant)
        if registry.kind(tenant.kind).family == PLATFORM:
            raise RuleRefused("platform_tenant", _("The operators' own tenant cannot be suspended."))
        tenant.state = Tenant.State.SUSPENDED if suspended else Tenant.State.ACTIVE
        tenant.save(update_fields=["state"])
        if suspended:
            # Nobody works there any more, so nobody is busy there; who comes back joins anew.
            forget_house(schema_name=tenant.schema_name)
        directory.invalidate()
    note_act(by=by, verb="platform.tenant_suspended" if suspended else "platform.tenant_resumed", tenant=tenant)


@action(permission="platform.manage_domains")
def add_domain(*, by: Actor, tenant: Tenant, host: str) -> Domain:
    """Let a tenant answer on a host name of its own.

    Raises RuleRefused (``domain_not_usable``), Conflict (``domain_taken``).
    """
    name = normalise_host(host)
    with public_schema():
        try:
            with transaction.atomic():
                domain = Domain.objects.create(tenant=_settled(tenant), domain=name, is_primary=False)
        except IntegrityError as error:
            raise Conflict("domain_taken", _("This host name already leads to a tenant."), host=name) from error
        directory.invalidate()
    note_act(by=by, verb="platform.domain_added", tenant=tenant, host=name)
    return domain


@action(permission="platform.manage_domains")
def remove_domain(*, by: Actor, tenant: Tenant, host: str) -> None:
    """Take a host name away.

    Raises RuleRefused (``domain_needed``) for the subdomain and for the one that links use.
    """
    with public_schema():
        domain = Domain.objects.select_for_update().filter(tenant=tenant, domain=host).first()
        if domain is None:
            return
        if domain.is_primary or domain.domain == f"{tenant.slug}.{settings.BASE_DOMAIN}":
            raise RuleRefused(
                "domain_needed", _("Links of this tenant use this host name. Choose another main one first.")
            )
        domain.delete()
        directory.invalidate()
    note_act(by=by, verb="platform.domain_removed", tenant=tenant, host=host)


@action(permission="platform.manage_domains")
def make_domain_primary(*, by: Actor, tenant: Tenant, host: str) -> None:
    """Let links of the tenant use this host name from now on. Raises RuleRefused (``unknown_domain``)."""
    with public_schema():
        domains = Domain.objects.select_for_update().filter(tenant=tenant)
        if not domains.filter(domain=host).exists():
            raise RuleRefused("unknown_domain", _("This host name does not lead to the tenant."), host=host)
        domains.update(is_primary=False)
        domains.filter(domain=host).update(is_primary=True)
        directory.invalidate()
    note_act(by=by, verb="platform.domain_made_primary", tenant=tenant, host=host)


def normalise_host(host: str) -> str:
    """A host name as requests bring it: lower case, ASCII, no port. Raises RuleRefused (``domain_not_usable``)."""
    try:
        name = host.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        name = ""
    ours = name == settings.BASE_DOMAIN or name.endswith(f".{settings.BASE_DOMAIN}")
    if ours or not _HOST.match(name):
        raise RuleRefused(
            "domain_not_usable",
            _("This host name cannot be used. Enter one of the tenant's own, for example clinic.example.com."),
            fields={"host": [_("This host name cannot be used.")]},
        )
    return name


def note_act(*, by: Actor, verb: str, tenant: Tenant, **facts: Any) -> None:
    """Audit an operator's act where the operators are, and in the tenant that it changed."""
    log.info(verb, operator=by.username or by.name, slug=tenant.slug, **facts)
    home = directory.platform_context()
    if home is not None:
        with tenancy.activate(home):
            audit.record(by=by, verb=verb, target=None, slug=tenant.slug, **facts)
    if tenant.state != Tenant.State.PROVISIONING and (home is None or home.code != tenant.code):
        with public_schema():
            touched = directory.build_context(tenant)
        with tenancy.activate(touched):
            # Not as the person, whose code belongs to another schema.
            operator = Actor.system("platform")
            audit.record(by=operator, verb=verb, target=None, operator=by.username or by.name, **facts)


def _settled(tenant: Tenant) -> Tenant:
    """The tenant's row, locked. Raises Conflict (``tenant_not_ready``)."""
    row = Tenant.objects.select_for_update(of=("self",)).select_related("chain").get(pk=tenant.pk)
    if row.state == Tenant.State.PROVISIONING:
        raise Conflict("tenant_not_ready", _("This tenant is still being set up."), slug=row.slug)
    return row


def _ask_the_plan(tenant: Tenant, vertical: str) -> None:
    """Raises Conflict (``vertical_not_in_plan``) where the chain has bought other verticals only."""
    allowed = verticals_allowed(directory.build_context(tenant))
    if allowed is not None and vertical not in allowed:
        raise Conflict(
            "vertical_not_in_plan",
            _("The plan of this chain does not include this line of business. Its billing administrator can add it."),
            vertical=vertical,
        )


def _checked_mail(mail: str) -> str:
    address = mail.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise RuleRefused(
            "mail_not_usable",
            _("This mail address cannot be used."),
            fields={"administrator_mail": [_("This mail address cannot be used.")]},
        ) from error
    return address
