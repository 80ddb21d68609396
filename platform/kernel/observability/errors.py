"""Error reports to Sentry: the place and the kind of a failure, nothing about whom it met.

What leaves is built up from an allow-list. The text of an exception is left out as well: it may quote a name, which has
no shape to be recognised by; the source lines of the product's own frames tell what would have stood there.
"""

from __future__ import annotations

import re
from typing import Any

import sentry_sdk
import structlog
from django.conf import settings
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from kernel import context
from kernel.errors import DomainError
from kernel.observability.scrub import GONE, scrub

Report = dict[str, Any]
KEPT = ("event_id", "timestamp", "level", "platform", "environment", "release", "sdk", "type", "fingerprint")
FRAME_FIELDS = ("filename", "function", "module", "lineno", "in_app")
SOURCE_FIELDS = ("pre_context", "context_line", "post_context")
_EVENT_NAME = re.compile(r"[a-z][a-z0-9_.]{2,60}")


def start(*, dsn: str, environment: str = "") -> bool:
    """Begin reporting to ``dsn``; without one nothing happens. True if reporting is on."""
    if not dsn:
        return False
    sentry_sdk.init(
        dsn=dsn,
        environment=environment or None,
        release=getattr(settings, "RELEASE", None),
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        profiles_sample_rate=0.0,
        auto_session_tracking=False,
        server_name="",
        before_send=scrub_report,  # type: ignore[arg-type]
        before_send_transaction=lambda report, hint: None,
        default_integrations=True,
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(cache_spans=False), CeleryIntegration(), LoggingIntegration(event_level=None)],
    )
    return True


def scrub_report(report: Report, hint: dict[str, Any]) -> Report | None:
    """The report as it may leave; None for a refusal, which is no failure."""
    error = (hint.get("exc_info") or (None, None, None))[1]
    if isinstance(error, DomainError):
        return None
    clean: Report = {name: report[name] for name in KEPT if name in report}
    clean["tags"] = _tags(report)
    clean["contexts"] = _contexts(report)
    if report.get("transaction"):
        # The route, not the path: "/patients/<uuid:code>/".
        clean["transaction"] = str(report["transaction"])
    if "exception" in report:
        clean["exception"] = {"values": [_exception(value) for value in report["exception"].get("values", [])]}
    said = (report.get("logentry") or {}).get("message") or report.get("message") or ""
    if said:
        clean["message"] = said if _EVENT_NAME.fullmatch(said) else GONE
    request = report.get("request") or {}
    if request.get("method"):
        clean["request"] = {"method": request["method"]}
    actor = context.actor()
    if actor.code is not None:
        clean["user"] = {"id": str(actor.code)}
    return clean


def _exception(value: Report) -> Report:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    mechanism = value.get("mechanism") or {}
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": GONE,
        "mechanism": {"type": mechanism.get("type", "generic"), "handled": mechanism.get("handled", False)},
        "stacktrace": {"frames": [_frame(frame) for frame in frames]},
    }


def _frame(frame: Report) -> Report:
    kept = {name: frame[name] for name in FRAME_FIELDS if name in frame}
    if _is_ours(str(frame.get("abs_path", ""))):
        kept |= {name: scrub(frame[name]) for name in SOURCE_FIELDS if name in frame}
    return kept


def _is_ours(path: str) -> bool:
    root = f"{settings.ROOT}/"
    return path.startswith(root) and not re.match(r"(tests|var|\.venv)/|.*/site-packages/", path.removeprefix(root))


def _tags(report: Report) -> Report:
    tags = {name: value for name, value in dict(report.get("tags") or {}).items() if name in {"celery_task_id", "task"}}
    tenant = structlog.contextvars.get_contextvars().get("tenant")
    if tenant:
        tags["tenant"] = tenant
    if context.request_id():
        tags["request_id"] = context.request_id()
    return tags


def _contexts(report: Report) -> Report:
    found = report.get("contexts") or {}
    kept: Report = {}
    if "runtime" in found:
        kept["runtime"] = found["runtime"]
    trace = found.get("trace")
    if trace:
        kept["trace"] = {name: trace[name] for name in ("trace_id", "span_id", "parent_span_id", "op") if name in trace}
    return kept
