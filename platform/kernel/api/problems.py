"""RFC 9457: every refusal and every failure of the API is one shape.

``code`` is stable; ``detail`` is a sentence in the caller's language; ``errors`` names fields; ``cures`` are the steps
that heal it. Missing, foreign and forbidden objects look alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from kernel import context
from kernel.errors import Conflict, DomainError, LimitReached, Malformed, NotFound
from kernel.observability import metrics

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
Errors = Mapping[str, Sequence[str]]


def title_of(status: int) -> str:
    """The short name of a status, the same for every problem that has it."""
    return {
        400: _("The request cannot be understood"),
        401: _("Sign in first"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("Not possible here"),
        409: _("The present state stands against it"),
        412: _("Changed in the meantime"),
        413: _("Too large"),
        415: _("This kind of content is not read here"),
        422: _("Refused by a rule"),
        429: _("Too many requests"),
    }.get(status, _("Something went wrong on our side"))


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    errors: Errors | None = None,
    cures: Sequence[Mapping[str, Any]] = (),
    **facts: Any,
) -> dict[str, Any]:
    """The members of a problem document."""
    return {
        "type": f"urn:lianzhen:problem:{code}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": {name: [str(sentence) for sentence in said] for name, said in (errors or {}).items()},
        "cures": list(cures),
        "facts": json.loads(json.dumps(facts, default=str)),
        "request_id": context.request_id(),
    }


def of_refusal(refusal: DomainError) -> dict[str, Any]:
    """The document of a domain refusal."""
    return problem(
        status=refusal.status,
        code=refusal.code,
        detail=str(refusal.message),
        errors={name: [str(sentence) for sentence in said] for name, said in refusal.fields.items()},
        cures=[{"label": str(cure.label), "url": cure.url, "role": cure.role} for cure in refusal.cures],
        **refusal.facts,
    )


def exception_handler(error: Exception, drf_context: Mapping[str, Any]) -> Response | None:
    """What REST framework asks for every exception of a view. Failures of our own become a bare 500 document."""
    headers: dict[str, str] = {}
    document: dict[str, Any] | None
    if isinstance(error, DomainError):
        document = of_refusal(error)
        if isinstance(error, LimitReached):
            headers["Retry-After"] = str(error.facts.get("retry_after", 60))
    else:
        document = _of_framework(error, headers)
    if document is None:
        document = _of_failure(error, drf_context)
    metrics.refusals.labels(document["code"], str(document["status"])).inc()
    return Response(document, status=document["status"], headers=headers, content_type=CONTENT_TYPE)


def _of_framework(error: Exception, headers: dict[str, str]) -> dict[str, Any] | None:
    if isinstance(error, exceptions.ValidationError):
        return problem(
            status=400,
            code="validation_error",
            detail=_("Some of the fields are not valid."),
            errors=flatten(error.detail),
        )
    if isinstance(error, (Http404, exceptions.NotFound)):
        return of_refusal(NotFound("not_found", _("There is nothing here.")))
    if isinstance(error, DjangoPermissionDenied):
        return problem(status=403, code="permission_denied", detail=_("You do not have the right to do this."))
    if isinstance(error, RequestDataTooBig):
        return problem(status=413, code="request_too_large", detail=_("The request is too large."))
    if isinstance(error, SuspiciousOperation):
        return of_refusal(Malformed("malformed", _("The request cannot be understood.")))
    if isinstance(error, DataError):
        # A value that passed every declared bound and still does not fit its column: the caller's fault, our omission.
        log.error("value_out_of_range", sqlstate=getattr(error.__cause__, "sqlstate", None))
        return problem(
            status=400, code="value_out_of_range", detail=_("One of the values is outside of what can be stored.")
        )
    if isinstance(error, exceptions.APIException):
        if getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
        wait = getattr(error, "wait", None)
        if wait is not None:
            headers["Retry-After"] = str(max(1, math.ceil(wait)))
        return problem(status=error.status_code, code=_code_of(error), detail=str(error.detail))
    return None


def _code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    known = {
        "not_authenticated": "not_authenticated",
        "authentication_failed": "invalid_token",
        "parse_error": "malformed",
        "unsupported_media_type": "unsupported_media_type",
        "method_not_allowed": "method_not_allowed",
        "throttled": "limit_reached",
    }
    return known.get(codes, codes) if isinstance(codes, str) else "malformed"


def _of_failure(error: Exception, drf_context: Mapping[str, Any]) -> dict[str, Any]:
    request = drf_context.get("request")
    log.error("request_failed", exc_info=error)
    # Whoever listens for failures (error reporting, the test client) learns of it as of any other view's.
    got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    return problem(
        status=500,
        code="internal_error",
        detail=_("Something went wrong on our side. Nothing was stored. Please tell us the request id."),
    )


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested validation errors as ``{"lines.0.amount": ["…"]}``; those of the whole under ``non_field_errors``."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            here = path if name == "non_field_errors" and path else f"{path}.{name}" if path else str(name)
            for key, said in flatten(inner, here).items():
                found.setdefault(key, []).extend(said)
        return found
    if isinstance(detail, list) and any(isinstance(item, (Mapping, list)) for item in detail):
        found = {}
        for index, inner in enumerate(detail):
            for key, said in flatten(inner, f"{path}.{index}" if path else str(index)).items():
                found.setdefault(key, []).extend(said)
        return found
    sentences = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {path or "non_field_errors": sentences} if sentences else {}


def response(*, status: int, code: str, detail: str, **facts: Any) -> HttpResponse:
    """A problem document outside of a REST view (unknown address, forged request, failed middleware)."""
    document = problem(status=status, code=code, detail=detail, **facts)
    return JsonResponse(document, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})


def wants_problem(request: HttpRequest) -> bool:
    """Is this a request of the API, to be answered with a document instead of a page?"""
    return request.path.startswith(API_PREFIX)


def conflict_in_flight() -> Conflict:
    """The refusal of a second call under a key whose first is still running."""
    return Conflict(
        "idempotency_key_in_flight", _("The first request with this key is still running. Please ask again.")
    )
