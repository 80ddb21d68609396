"""``/healthz``, ``/readyz`` and ``/metrics``: on every host, before anything that may be broken itself."""

from __future__ import annotations

import hmac
import ipaddress
import os
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string

from kernel.observability import metrics, vitals

log = structlog.get_logger(__name__)

PROBES_ONLY = "says whether the process works and holds no data"


def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up and answers."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, broker and migrations are in order, else 503; with the ages (seconds) of what works behind."""
    checks: dict[str, Callable[[], Any]] = {"database": vitals.database, "broker": vitals.broker}
    for name, source in getattr(settings, "READINESS_CHECKS", {}).items():
        checks[name] = import_string(source)
    results = {name: _outcome(name, check) for name, check in checks.items()}
    ready = all(result["ok"] for result in results.values())
    body = {"status": "ready" if ready else "not_ready", "checks": results, "ages": vitals.ages()}
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Figures for whoever brings ``METRICS_TOKEN``, or asks from this machine without any proxy in between."""
    if not _may_read_metrics(request):
        return HttpResponse("404 Not Found\n", status=404, content_type="text/plain; charset=utf-8")
    body, content_type = metrics.exposition()
    return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


for _view in (healthz, readyz, metrics_page):
    _view.public_reason = PROBES_ONLY  # type: ignore[attr-defined]  # read by the check of declared views

BY_PATH = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics_page}


def _outcome(name: str, check: Callable[[], Any]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        said = check()
    except Exception as error:  # whatever is broken, the probe must say so instead of breaking
        log.warning("not_ready", check=name, error=type(error).__name__)
        return {"ok": False, "error": type(error).__name__}
    result: dict[str, Any] = {"ok": True, "ms": round((time.perf_counter() - began) * 1000, 1)}
    if isinstance(said, dict):
        result.update(said)
    return result


def _may_read_metrics(request: HttpRequest) -> bool:
    expected = os.environ.get("METRICS_TOKEN", "")
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    if expected and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected.encode()):
        return True
    # Behind a proxy of this machine everybody would seem to be local.
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
