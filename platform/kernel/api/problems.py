"""Every refusal and every failure of the API as a problem document; missing, foreign and forbidden objects look alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from kernel.errors import Conflict, DomainError, LimitReached, Malformed, NotFound
from kernel.observability import metrics
from kernel.problems import CONTENT_TYPE, database_is_away, problem

log = structlog.get_logger(__name__)

AWAY_SECONDS = 15


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
    if database_is_away(error):
        log.error("database_away", exc_info=error)
        headers["Retry-After"] = str(AWAY_SECONDS)
        return unavailable()
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


def unavailable() -> dict[str, Any]:
    """The document for a database that does not answer."""
    return problem(
        status=503,
        code="unavailable",
        detail=_("Try again in a minute. What was stored before is safe."),
    )


def conflict_in_flight() -> Conflict:
    """The refusal of a second call under a key whose first is still running."""
    return Conflict(
        "idempotency_key_in_flight", _("The first request with this key is still running. Please ask again.")
    )
