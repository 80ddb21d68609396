"""The outermost layer: an id for every request, one log line, the figures, and the probes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from kernel import context
from kernel.ids import uuid7
from kernel.observability import metrics, probes

log = structlog.get_logger("kernel.requests")

HEADER = "X-Request-ID"
# What a proxy in front may hand us; anything else could forge log lines.
_SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
NO_ROUTE = "none"


class RequestIdMiddleware:
    """Gives every request the id that answers, logs, audit entries, error reports and background tasks share."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        identity = given if _SOUND.fullmatch(given) else str(uuid7())
        request.request_id = identity  # type: ignore[attr-defined]
        began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        with context.bound(request_id=identity, actor=context.ANONYMOUS):
            probe = probes.BY_PATH.get(request.path_info)
            response = probe(request) if probe else self.get_response(request)
            response.headers[HEADER] = identity
            if probe is None:
                self._note(request, response, time.perf_counter() - began)
        return response

    @staticmethod
    def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            return
        match = getattr(request, "resolver_match", None)
        # The route and never the path: codes, searches and links with secrets stay out of logs and figures.
        route = f"/{match.route}" if match else NO_ROUTE
        status = response.status_code
        metrics.requests.labels(request.method, route, str(status)).inc()
        metrics.request_seconds.labels(route).observe(seconds)
        if "X-Refusal" in response.headers:
            metrics.refusals.labels(response.headers["X-Refusal"], str(status)).inc()
        actor = getattr(request, "actor", context.ANONYMOUS)
        tenant = getattr(getattr(request, "tenant", None), "slug", None)
        log.info(
            "request",
            method=request.method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            actor=str(actor.code) if actor.code else actor.kind,
            **({"tenant": tenant} if tenant else {}),
        )
