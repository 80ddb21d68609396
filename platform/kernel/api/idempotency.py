"""The same unsafe call twice has one effect and one answer.

The record of a key is written first and for itself. Then one transaction locks it, runs the operation and stores the
answer: effect and answer are committed together or not at all. The row lock is what "in flight" means. If the process
dies, the database lets go of the lock and nothing was done, so the next call with the key simply runs.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, OperationalError, transaction
from django.http import QueryDict
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.actions import ATTEMPTS, RETRYABLE
from kernel.api.models import IdempotencyRecord
from kernel.api.problems import conflict_in_flight
from kernel.errors import Malformed, RuleRefused
from kernel.identity.sign_in import client_address
from kernel.problems import CONTENT_TYPE

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HOURS = 72
LONGEST_KEY = 200
LOCK_NOT_AVAILABLE = "55P03"
# Answers that say "not now": the same call may succeed later.
PASSING = frozenset({"busy", "limit_reached", "internal_error", "unavailable", "tenant_read_only"})
KEPT_HEADERS = ("ETag", "Location")


class _NotNow(Exception):
    """The answer is not kept: undo what the transaction holds and give it once."""

    def __init__(self, response: Response) -> None:
        self.response = response


def key_of(request: Request) -> str | None:
    """The key of an unsafe request, None without one. Raises Malformed (``invalid_idempotency_key``)."""
    if request.method not in UNSAFE:
        return None
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Malformed(
            "invalid_idempotency_key", _("The Idempotency-Key must be 1 to 200 printable ASCII characters.")
        )
    return key


def answer_once(request: Request, key: str, operate: Callable[[], Response]) -> Response:
    """Run ``operate`` under ``key``, or give the answer that it gave before.

    ``operate`` returns refusals as responses and raises only for failures. Raises RuleRefused
    (``idempotency_key_reused``) for another request under the key, Conflict (``idempotency_key_in_flight``).
    """
    scope = {
        "caller": _caller(request),
        "method": str(request.method),
        "path": hashlib.sha256(request.path.encode()).hexdigest() if len(request.path) > 300 else request.path,
        "key": key,
    }
    fingerprint = fingerprint_of(request)
    # For itself and at once, so that everybody else finds the row whose lock decides.
    IdempotencyRecord.objects.bulk_create(
        [IdempotencyRecord(**scope, fingerprint=fingerprint, created_at=clock.now())], ignore_conflicts=True
    )
    attempt = 0
    while True:
        attempt += 1
        try:
            with transaction.atomic():
                return _locked(scope, fingerprint, operate)
        except _NotNow as passing:
            return passing.response
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in RETRYABLE or attempt >= ATTEMPTS:
                raise
            time.sleep(0.02 * 2**attempt)


def _locked(scope: dict[str, str], fingerprint: str, operate: Callable[[], Response]) -> Response:
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.select_for_update(nowait=True).get(**scope)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise conflict_in_flight() from None
        raise
    if record.fingerprint != fingerprint:
        raise RuleRefused(
            "idempotency_key_reused", _("This Idempotency-Key was already used for another request. Use a new one.")
        )
    if record.status is not None:
        return _again(record)
    response = operate()
    if response.status_code >= 500 or (isinstance(response.data, dict) and response.data.get("code") in PASSING):
        raise _NotNow(response)
    record.status = response.status_code
    record.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    record.answer = "" if response.data is None else JSONRenderer().render(response.data).decode()
    record.save(update_fields=["status", "headers", "answer"])
    return response


def _again(record: IdempotencyRecord) -> Response:
    data = json.loads(record.answer) if record.answer else None
    refused = isinstance(data, dict) and str(data.get("type", "")).startswith("urn:lianzhen:problem:")
    return Response(
        data,
        status=record.status,
        headers={**record.headers, "Idempotent-Replayed": "true"},
        content_type=CONTENT_TYPE if refused else None,
    )


def fingerprint_of(request: Request) -> str:
    """Recognises the same request again. Keyed, because a short body could be guessed from a plain hash."""
    said = json.dumps(
        [request.META.get("QUERY_STRING", ""), request.headers.get("If-Match", ""), _said(request.data)], sort_keys=True
    )
    return salted_hmac("kernel.api.idempotency", said, algorithm="sha256").hexdigest()


def _said(data: Any) -> Any:
    if not isinstance(data, QueryDict):
        return data
    return [[name, [_part(value) for value in values]] for name, values in sorted(data.lists())]


def _part(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return f"{value.name}:{digest.hexdigest()}"


def _caller(request: Request) -> str:
    actor = request.actor
    if actor.code is not None:
        return f"{actor.kind}:{actor.code}"
    # Without an account the address stands for the caller, as a mark only.
    mark = salted_hmac("kernel.api.caller", client_address(request._request), algorithm="sha256").hexdigest()
    return f"public:{mark[:32]}"


def purge(day: date) -> None:
    """Daily: forget keys of calls longer ago than 72 hours."""
    IdempotencyRecord.objects.filter(created_at__lt=clock.now() - timedelta(hours=KEPT_HOURS)).delete()
