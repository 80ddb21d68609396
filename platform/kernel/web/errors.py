"""Error pages: what happened, what helps, a stable code and the request's id. The API gets problem documents."""

from __future__ import annotations

import sys
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kernel import context, problems
from kernel.web import refusals
from kernel.web.refusals import Refusal

log = structlog.get_logger(__name__)


def answer(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    title: str,
    text: str,
    retry: bool = False,
    template: str = "error.html",
) -> HttpResponse:
    """One error answer for people, for htmx and for the API."""
    if problems.wants_problem(request):
        return problems.response(status=status, code=code, detail=title)
    drawn = Refusal(
        code=code, status=status, message=title, missing=(text,), cures=(), note="", request_id=context.request_id()
    )
    if getattr(request, "htmx", None):
        return refusals.mark_refusal(render(request, "web/_refusal.html", {"refusal": drawn}, status=status), drawn)
    values: dict[str, Any] = {
        "base": refusals.base_template(request) if status < 500 else "base_public.html",
        "refusal": drawn,
        "title": title,
        "text": text,
        "code": code,
        "retry": retry,
        "request_id": drawn.request_id,
    }
    response = render(request, template, values, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request cannot be understood."""
    return answer(
        request,
        status=400,
        code="malformed",
        title=_("This request could not be read"),
        text=_("Go back, check what was typed and send it again."),
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: not for this role."""
    return answer(
        request,
        status=403,
        code="permission_denied",
        title=_("Your role does not include this page."),
        text=_("If you need it for your work, ask the person who administers roles at your clinic."),
        template="403.html",
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form was opened too long ago, or in another sign-in."""
    log.info("csrf_refused", reason=reason)
    return answer(
        request,
        status=403,
        code="csrf_failed",
        title=_("This form has expired"),
        text=_("Open the page again and repeat the entry; what you typed is still in the form."),
        retry=True,
    )


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: missing, foreign and switched off look alike."""
    return answer(
        request,
        status=404,
        code="not_found",
        title=_("There is nothing at this address"),
        text=_(
            "It may have been removed, belong to another site, or be a part of the product"
            " that is not switched on here."
        ),
        template="404.html",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; nothing was stored, because the transaction did not end. 503 where the database went away."""
    if problems.database_is_away(sys.exc_info()[1]):
        return unavailable(request)
    return answer(
        request,
        status=500,
        code="internal_error",
        title=_("Something went wrong on our side"),
        text=_("Nothing of this step was stored. The fault was reported by itself; the number below finds it."),
        retry=request.method in ("GET", "HEAD"),
    )


def unavailable(request: HttpRequest, *, code: str = "unavailable") -> HttpResponse:
    """503: a part the page needs does not answer."""
    response = answer(
        request,
        status=503,
        code=code,
        title=_("This part is not available at the moment"),
        text=_("Try again in a minute. What was stored before is safe."),
        retry=True,
    )
    response.headers["Retry-After"] = "30"
    return response
