"""Pages of the base domain. Nothing here knows who works where."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language

from kernel import limits, registry
from kernel.context import Actor
from kernel.errors import DomainError
from kernel.identity.sign_in import client_address
from kernel.limits import Limit
from kernel.web.views import polled, public_page, redirect_after_post, render_page
from tenants.models import ProvisioningJob
from tenants.provisioning.steps import STEPS
from tenants.site import actions, selectors
from tenants.site.forms import SignUpForm

# A whole office sits behind one address; a script that leafs through names sits there too.
SIGN_UPS = Limit("sign-up", 10, 3600)
QUESTIONS = Limit("site-questions", 120, 60, flow=True)


@public_page(reason="says what the product is")
def landing(request: HttpRequest) -> HttpResponse:
    """What Lianzhen is, and the two ways on from here."""
    return render_page(
        request,
        "site/landing.html",
        {
            "verticals": registry.verticals().values(),
            "houses": selectors.all_houses() if settings.DEMO else [],
            "port": _port(request),
        },
    )


@public_page(reason="leads people to the sign-in of their own clinic; shows names of clinics, never of people")
def find(request: HttpRequest) -> HttpResponse:
    """The sign-in finder: what somebody types is a name, a subdomain or an address."""
    query = request.GET.get("q", "").strip()
    if query:
        limits.consume((QUESTIONS, client_address(request)))
    found = selectors.find_houses(query)
    return render_page(
        request,
        "site/find.html",
        {
            "query": query[:80],
            "too_short": bool(query) and len(query) < selectors.SHORTEST_QUERY,
            "houses": found,
            "port": _port(request),
        },
    )


@public_page(reason="anybody may ask to begin", methods=("GET", "POST"))
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask to become a tenant."""
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            limits.consume((SIGN_UPS, client_address(request)))
            asked = actions.ask_to_sign_up(
                by=Actor.public("sign-up"),
                company=form.cleaned_data["company"],
                slug=form.cleaned_data["slug"],
                verticals=tuple(form.cleaned_data["verticals"]),
                contact_name=form.cleaned_data["contact_name"],
                contact_mail=form.cleaned_data["contact_mail"],
                language=get_language() or settings.LANGUAGE_CODE,
            )
        except DomainError as refusal:
            _show(form, refusal)
        else:
            return redirect_after_post(request, "site:progress", asked.code)
    return render_page(
        request,
        "site/sign_up.html",
        {
            "form": form,
            "address_suffix": f".{settings.BASE_DOMAIN}",
            "address_url": reverse("site:address"),
            "demo": settings.DEMO,
        },
        invalid=form,
    )


@public_page(reason="says whether a subdomain is free, which anybody could see by opening it")
def address(request: HttpRequest) -> HttpResponse:
    """Whether the typed subdomain is free; asked while somebody types."""
    limits.consume((QUESTIONS, client_address(request)))
    slug = request.GET.get("slug", "").strip().lower()[:40]
    return render_page(
        request,
        "site/_address.html",
        {"slug": slug, "free": bool(slug) and selectors.slug_is_free(slug), "base_domain": settings.BASE_DOMAIN},
    )


@public_page(reason="the link itself is known to nobody but whoever asked")
def progress(request: HttpRequest, code: UUID) -> HttpResponse:
    """How far a request is: waiting for an operator, being set up, or ready with its address."""
    asked = selectors.sign_up_request(code)
    if asked is None:
        raise Http404
    job = asked.job
    steps = (
        [
            {
                "label": step.label,
                "done": name in job.steps_done,
                "now": job.steps_done == list(STEPS)[: list(STEPS).index(name)],
            }
            for name, step in STEPS.items()
        ]
        if job
        else []
    )
    context = {
        "asked": asked,
        "job": job,
        "steps": steps,
        "done": job is not None and job.state == ProvisioningJob.State.DONE,
        "failed": job is not None and job.state == ProvisioningJob.State.FAILED,
        "host": f"{asked.slug}.{settings.BASE_DOMAIN}{_port(request)}",
        "demo": settings.DEMO,
    }
    version = f"{asked.state}:{job.state if job else ''}:{len(job.steps_done) if job else 0}"
    return polled(request, "site/progress.html", "site/_progress.html", context, version=version)


def _port(request: HttpRequest) -> str:
    """The port that this site is reached on, with its colon; empty where it is the usual one."""
    _host, colon, port = request.get_host().partition(":")
    return f"{colon}{port}"


def _show(form: SignUpForm, refusal: DomainError) -> None:
    """A refusal beside the field that it is about."""
    placed = {name: messages for name, messages in refusal.fields.items() if name in form.fields}
    for name, messages in placed.items():
        for message in messages:
            form.add_error(name, str(message))
    if not placed:
        form.add_error(None, str(refusal.message))
