"""Addresses for the tests of the web base: the frame's own pages and one probe view of each kind."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from kernel.web.views import page, polled, public_page, redirect_after_post

calls: list[str] = []


@page(permission={"GET": "probe.read", "POST": "probe.write"}, methods=("GET", "POST"))
def probe(request: HttpRequest) -> HttpResponse:
    """A page with a word per method."""
    if request.method == "POST":
        calls.append(request.actor.name)  # type: ignore[attr-defined]
        return redirect_after_post(request, "/probe/")
    return HttpResponse("probe")


@page(permission=None, reason="every signed-in person may")
def own(request: HttpRequest) -> HttpResponse:
    """A page of every signed-in person."""
    return HttpResponse("own")


@public_page(reason="probe", methods=("GET", "POST"))
def refused(request: HttpRequest, kind: str) -> HttpResponse:
    """An act that is refused in the wanted way."""
    if kind == "rule":
        raise RuleRefused(
            "handover_missing", "Not yet", cures=(Cure("Ask <b>Ann</b>", "/ask/"), Cure("Ask", None, "boss"))
        )
    if kind == "state":
        raise Conflict("already_closed", "Closed already")
    raise NotFound("patient_not_found", "No such patient")


@public_page(reason="probe")
def fresh(request: HttpRequest) -> HttpResponse:
    """A polled part with a version."""

    def values() -> dict[str, str]:
        calls.append("rendered")
        return {"refusal": "", "page": ""}

    return polled(request, "web/_strip.html", "web/_strip.html", values, version=request.GET["v"])


urlpatterns = [
    path("", include("kernel.web.urls")),
    path("accounts/login/", own, name="account_login"),
    path("accounts/logout/", own, name="account_logout"),
    path("probe/", probe),
    path("own/", own),
    path("refused/<str:kind>/", refused),
    path("fresh/", fresh),
]
