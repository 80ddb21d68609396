"""The shape of a problem document (RFC 9457), for the API and for whatever fails outside of it.

``code`` is stable; ``detail`` is a sentence in the caller's language; ``errors`` names fields; ``cures`` are the steps
that heal it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from kernel import context

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
        503: _("This part is not available at the moment"),
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


def response(*, status: int, code: str, detail: str, **facts: Any) -> HttpResponse:
    """A problem document outside of a REST view (unknown address, forged request, failed middleware)."""
    document = problem(status=status, code=code, detail=detail, **facts)
    return JsonResponse(document, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})


def wants_problem(request: HttpRequest) -> bool:
    """Is this a request of the API, to be answered with a document instead of a page?"""
    return request.path.startswith(API_PREFIX)


def database_is_away(error: BaseException | None) -> bool:
    """Did the database end the connection, or refuse one? What had not been committed was not done."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None)
    # Without a state nobody answered; 08 connection, 57P shutting down or killed, 53 no resources left.
    return state is None or str(state).startswith(("08", "57P", "53"))
