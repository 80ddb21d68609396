"""Logs: one JSON object per line on stderr, with request id and tenant, without people.

Our own code logs events (``log.info("action_retried", attempt=2)``); what libraries say goes through the same
scrubbing. A traceback keeps files, lines and the types of the exceptions; the text of an exception may quote data and
stays out.
"""

from __future__ import annotations

import logging
import logging.config
import os
import sys
import traceback
from typing import Any

import structlog

from kernel import context
from kernel.errors import DomainError
from kernel.observability.scrub import scrub, scrub_text

QUIET = {
    "django.request": "ERROR",  # the access line says it already
    "django.security.DisallowedHost": "CRITICAL",
    "django.db.backends": "WARNING",
    "urllib3": "WARNING",
    "celery.app.trace": "WARNING",
    "drf_spectacular": "ERROR",
    "fontTools": "ERROR",
    "gunicorn.access": "CRITICAL",
}
MOST_FRAMES = 30
# Set by ourselves on every line; their names are known and their values hold nobody.
OWN_FIELDS = frozenset({"event", "level", "logger", "timestamp", "request_id", "tenant", "exception", "task", "route"})
Event = structlog.types.EventDict


def add_request_id(_logger: Any, _method: str, event: Event) -> Event:
    """The id that web, task, log and audit share."""
    current = context.request_id()
    if current:
        event["request_id"] = current
    return event


def describe_exception(_logger: Any, _method: str, event: Event) -> Event:
    """Replace an exception by where it happened and what kind it was."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["exception"] = chain_of(error)
    return event


def chain_of(error: BaseException) -> list[dict[str, Any]]:
    """The exception and its causes: type, stable code if it has one, and the frames."""
    found: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(found) < 4:
        frames = traceback.extract_tb(current.__traceback__)[-MOST_FRAMES:]
        entry: dict[str, Any] = {
            "type": f"{type(current).__module__}.{type(current).__qualname__}",
            "frames": [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if isinstance(current, DomainError):
            entry["code"] = current.code
        if getattr(current, "sqlstate", None):
            entry["sqlstate"] = current.sqlstate  # type: ignore[attr-defined]
        found.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


def scrub_event(_logger: Any, _method: str, event: Event) -> Event:
    """Take people and secrets out of every field; ours pass by name, all others are looked at."""
    return {
        name: (scrub_text(value) if isinstance(value, str) and name == "event" else value)
        if name in OWN_FIELDS or name.startswith("_")
        else scrub(value, name)
        for name, value in event.items()
    }


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    add_request_id,
    structlog.stdlib.PositionalArgumentsFormatter(),
    # The machine's time: a log tells when something happened to the machine, also where a demo's clock was moved.
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    describe_exception,
    scrub_event,
]


def configure(*, level: str = "INFO") -> None:
    """Send everything that is logged through the scrubbing to stderr. ``LOG_FORMAT=text`` is for reading by eye."""
    final: Any = structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda value: scrub_text(str(value)))
    if os.environ.get("LOG_FORMAT") == "text":
        final = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "events": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(allow=()), *SHARED],
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, final],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {name: {"level": quiet} for name, quiet in QUIET.items()},
        }
    )
    # Django's own handlers would print the same a second time, with everything in it.
    for name in ("django", "django.server"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _short(path: str) -> str:
    for mark in ("/site-packages/", "/platform/"):
        if mark in path:
            return path.rpartition(mark)[2]
    return "/".join(path.rsplit("/", 3)[1:])
