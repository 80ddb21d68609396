"""Pages of the operators' console."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock, registry
from kernel.errors import DomainError
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from tenants.directory import public_schema
from tenants.models import Chain, ProvisioningJob, Tenant
from tenants.operators import actions, selectors
from tenants.operators.web.drawing import heading_figures, history_items, tenant_facts
from tenants.operators.web.forms import DomainForm, TenantForm
from tenants.provisioning import actions as provisioning
from tenants.provisioning.ordering import order_tenant
from tenants.site import actions as site
from tenants.site.selectors import slug_is_free

PER_PAGE = 50


@page(permission="platform.view")
def tenants(request: HttpRequest) -> HttpResponse:
    """Every tenant, those that need somebody first."""
    request.nav_key = "tenants"  # type: ignore[attr-defined]
    show = request.GET.get("show", "all")
    kinds = registry.kinds()
    kind = show if show in kinds else ""
    query = request.GET.get("q", "")
    rows = selectors.tenant_rows(show=show if show in selectors.SHOW else "all", kind=kind, query=query)
    counts = selectors.counts_by_kind()
    everybody = selectors.tenant_rows() if (kind or query or show == "attention") else rows
    concerned = sum(bool(row.concerns) for row in everybody)
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "total": sum(counts.values()),
        "query": query,
        "show": kind or ("attention" if show == "attention" else "all"),
        "filters": [
            _filter("all", _("All"), sum(counts.values()), query),
            _filter("attention", _("To look at"), concerned, query, tone="late" if concerned else ""),
            *(_filter(key, kinds[key].label, counts[key], query) for key in kinds if counts.get(key)),
        ],
        "figures": heading_figures(everybody),
        "now": clock.now(),
    }
    return polled(request, "operators/tenants.html", "operators/_tenants.html", context)


@page(permission="platform.create_tenant", methods=("GET", "POST"))
def new_tenant(request: HttpRequest) -> HttpResponse:
    """Enter a tenant; the worker sets it up."""
    request.nav_key = "tenants"  # type: ignore[attr-defined]
    form = TenantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            job = order_tenant(by=request.actor, **form.order())  # type: ignore[attr-defined]
        except DomainError as refusal:
            _show(form, refusal)
        else:
            return redirect_after_post(request, "operators:job", job.code)
    with public_schema():
        chains = list(Chain.objects.order_by("name").values_list("name", flat=True))
    context = {
        "form": form,
        "chains": chains,
        "address_suffix": f".{settings.BASE_DOMAIN}",
        "address_url": reverse("operators:address"),
    }
    return render_page(request, "operators/new_tenant.html", context, invalid=form)


@page(permission="platform.create_tenant")
def address(request: HttpRequest) -> HttpResponse:
    """Whether the typed subdomain is free; asked while somebody types."""
    slug = request.GET.get("slug", "").strip().lower()[:40]
    with public_schema():
        free = bool(slug) and slug_is_free(slug)
    return render_page(request, "site/_address.html", {"slug": slug, "free": free, "base_domain": settings.BASE_DOMAIN})


@page(permission="platform.view")
def tenant(request: HttpRequest, slug: str) -> HttpResponse:
    """One tenant: what it is, what is wrong, what can be done."""
    return _tenant_page(request, selectors.access_tenant(request.actor, slug))  # type: ignore[attr-defined]


@page(permission="platform.switch_vertical", methods=("POST",))
def switch(request: HttpRequest, slug: str, vertical: str) -> HttpResponse:
    """Switch a vertical on or off."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    active = request.POST.get("active") == "1"
    provisioning.switch_vertical(by=request.actor, tenant=found, vertical=vertical, active=active)  # type: ignore[attr-defined]
    flash(request, _("Switched on.") if active else _("Switched off. The data is kept."))
    return redirect_after_post(request, "operators:tenant", slug)


@page(permission="platform.suspend_tenant", methods=("POST",))
def suspension(request: HttpRequest, slug: str) -> HttpResponse:
    """Suspend a tenant or let it go on."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    suspended = request.POST.get("suspended") == "1"
    provisioning.suspend_tenant(by=request.actor, tenant=found, suspended=suspended)  # type: ignore[attr-defined]
    flash(request, _("Suspended. People can read and export.") if suspended else _("Daily work is open again."))
    return redirect_after_post(request, "operators:tenant", slug)


@page(permission="platform.manage_domains", methods=("POST",))
def add_domain(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the tenant answer on a host name of its own."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    form = DomainForm(request.POST)
    if form.is_valid():
        try:
            provisioning.add_domain(by=request.actor, tenant=found, host=form.cleaned_data["host"])  # type: ignore[attr-defined]
        except DomainError as refusal:
            _show(form, refusal)
        else:
            flash(request, _("The host name leads to the tenant now. Its DNS entry has to point here."))
            return redirect_after_post(request, "operators:tenant", slug)
    return _tenant_page(request, found, domain_form=form)


@page(permission="platform.manage_domains", methods=("POST",))
def remove_domain(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a host name away."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    provisioning.remove_domain(by=request.actor, tenant=found, host=request.POST.get("host", ""))  # type: ignore[attr-defined]
    flash(request, _("The host name was removed."))
    return redirect_after_post(request, "operators:tenant", slug)


@page(permission="platform.manage_domains", methods=("POST",))
def primary_domain(request: HttpRequest, slug: str) -> HttpResponse:
    """Let links use another host name from now on."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    provisioning.make_domain_primary(by=request.actor, tenant=found, host=request.POST.get("host", ""))  # type: ignore[attr-defined]
    flash(request, _("Links use this host name from now on."))
    return redirect_after_post(request, "operators:tenant", slug)


@page(permission="platform.requeue", methods=("POST",))
def requeue(request: HttpRequest, slug: str) -> HttpResponse:
    """Deliver the dead letters of a tenant again."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    count = actions.requeue_dead_letters(by=request.actor, tenant=found)  # type: ignore[attr-defined]
    flash(request, ngettext("%(n)s is tried again.", "%(n)s are tried again.", count) % {"n": count})
    return redirect_after_post(request, "operators:tenant", slug)


@page(permission="platform.migrate", methods=("POST",))
def migration(request: HttpRequest, slug: str) -> HttpResponse:
    """Try a failed migration again."""
    found = selectors.access_tenant(request.actor, slug)  # type: ignore[attr-defined]
    actions.retry_migration(by=request.actor, tenant=found)  # type: ignore[attr-defined]
    flash(request, _("The migration is tried again. Its result stands here in a moment."), tone="info")
    return redirect_after_post(request, "operators:tenant", slug)


@page(permission="platform.view")
def jobs(request: HttpRequest) -> HttpResponse:
    """All jobs, those that stopped first."""
    request.nav_key = "jobs"  # type: ignore[attr-defined]
    with public_schema():
        found = Paginator(selectors.jobs(), PER_PAGE).get_page(request.GET.get("page"))
        rows = [(job, selectors.steps_of(job)) for job in found]
        stopped = list(selectors.jobs().filter(state=ProvisioningJob.State.FAILED))
    return polled(
        request, "operators/jobs.html", "operators/_jobs.html", {"page": found, "rows": rows, "stopped": stopped}
    )


@page(permission="platform.view")
def job(request: HttpRequest, code: UUID) -> HttpResponse:
    """The progress of one job."""
    request.nav_key = "jobs"  # type: ignore[attr-defined]
    found = selectors.access_job(request.actor, code)  # type: ignore[attr-defined]
    steps = selectors.steps_of(found)
    context = {
        "job": found,
        "steps": steps,
        "done": sum(step["done"] for step in steps),
        "host": f"{found.tenant.slug}.{settings.BASE_DOMAIN}",
        "over": found.state in (ProvisioningJob.State.DONE, ProvisioningJob.State.FAILED),
    }
    version = f"{found.state}:{len(found.steps_done)}"
    return polled(request, "operators/job.html", "operators/_job.html", context, version=version)


@page(permission="platform.create_tenant", methods=("POST",))
def resume(request: HttpRequest, code: UUID) -> HttpResponse:
    """Let a stopped job go on."""
    found = selectors.access_job(request.actor, code)  # type: ignore[attr-defined]
    provisioning.resume_job(by=request.actor, job=found)  # type: ignore[attr-defined]
    flash(request, _("The job goes on with the step that stopped."), tone="info")
    return redirect_after_post(request, "operators:job", code)


@page(permission="platform.create_tenant")
def sign_ups(request: HttpRequest) -> HttpResponse:
    """Who asked to become a tenant."""
    request.nav_key = "sign-ups"  # type: ignore[attr-defined]
    with public_schema():
        found = Paginator(selectors.sign_ups(), PER_PAGE).get_page(request.GET.get("page"))
        rows = list(found)
        chains = list(Chain.objects.order_by("name").values_list("name", flat=True))
    return render_page(
        request,
        "operators/sign_ups.html",
        {
            "page": found,
            "waiting": [row for row in rows if row.state == "open"],
            "decided": [row for row in rows if row.state != "open"],
            "chains": chains,
            "base_domain": settings.BASE_DOMAIN,
        },
    )


@page(permission="platform.create_tenant", methods=("POST",))
def decide(request: HttpRequest, code: UUID) -> HttpResponse:
    """Say yes or no to a sign-up."""
    asked = selectors.access_sign_up(request.actor, code)  # type: ignore[attr-defined]
    if request.POST.get("answer") == "no":
        site.decline_sign_up(by=request.actor, request=asked)  # type: ignore[attr-defined]
        flash(request, _("Declined. The subdomain is free again."), tone="info")
        return redirect_after_post(request, "operators:sign-ups")
    approved = site.approve_sign_up(
        by=request.actor,  # type: ignore[attr-defined]
        request=asked,
        chain_name=request.POST.get("chain_name", ""),
    )
    assert approved.job is not None
    return redirect_after_post(request, "operators:job", approved.job.code)


@page(permission="platform.view")
def dead_letters(request: HttpRequest) -> HttpResponse:
    """What could not be delivered, by tenant and type."""
    request.nav_key = "dead-letters"  # type: ignore[attr-defined]
    rows = selectors.dead_letters_by_tenant()
    found = [(row, selectors.dead_letters_of(row.tenant)) for row in rows[:PER_PAGE]]
    context = {"found": found, "total": sum(row.dead_letters for row in rows)}
    return render_page(request, "operators/dead_letters.html", context)


@page(permission="platform.view")
def health(request: HttpRequest) -> HttpResponse:
    """Whether the platform lives."""
    request.nav_key = "health"  # type: ignore[attr-defined]
    return polled(request, "operators/health.html", "operators/_health.html", {"health": selectors.health()})


def _tenant_page(request: HttpRequest, found: Tenant, *, domain_form: DomainForm | None = None) -> HttpResponse:
    request.nav_key = "tenants"  # type: ignore[attr-defined]
    row = selectors.tenant_row(found)
    with public_schema():
        domains = list(found.domains.order_by("-is_primary", "domain"))
        switches = {switch.vertical: switch for switch in found.activations.all()}
        jobs = list(found.jobs.order_by("-id")[:5])
    settled = found.state != Tenant.State.PROVISIONING
    context = {
        "row": row,
        "tenant": row.tenant,
        "facts": tenant_facts(row),
        "domains": domains,
        "subdomain": f"{found.slug}.{settings.BASE_DOMAIN}",
        "domain_form": domain_form or DomainForm(),
        "verticals": [(vertical, switches.get(key)) for key, vertical in registry.verticals().items()],
        "jobs": jobs,
        "settled": settled,
        "suspended": found.state == Tenant.State.SUSPENDED,
        "is_platform": registry.kind(found.kind).family == "platform",
        "dead_letters": selectors.dead_letters_of(found) if settled and row.dead_letters else [],
        "history": history_items(selectors.history_of(found)),
    }
    return render_page(request, "operators/tenant.html", context, invalid=domain_form)


def _filter(key: str, label: Any, count: int, query: str, *, tone: str = "") -> dict[str, Any]:
    arguments = {name: value for name, value in (("show", key if key != "all" else ""), ("q", query)) if value}
    url = reverse("operators:tenants")
    return {
        "key": key,
        "label": label,
        "count": count,
        "tone": tone,
        "url": f"{url}?{urlencode(arguments)}" if arguments else url,
    }


def _show(form: Form, refusal: DomainError) -> None:
    """A refusal beside the field that it is about."""
    placed = {name: messages for name, messages in refusal.fields.items() if name in form.fields}
    for name, messages in placed.items():
        for message in messages:
            form.add_error(name, str(message))
    if not placed:
        form.add_error(None, str(refusal.message))
