"""Figures of the background tasks. Their request id travels with the message (``tenants.jobs``)."""

from __future__ import annotations

import time
from typing import Any

from celery import signals

from kernel.observability import metrics

_running: dict[str, float] = {}


def connect() -> None:
    """Attach to Celery's signals; doing it twice changes nothing."""
    signals.task_prerun.connect(begin, dispatch_uid="observability.begin")
    signals.task_postrun.connect(end, dispatch_uid="observability.end")


def begin(task_id: str = "", **kwargs: Any) -> None:
    """Remember when a task began."""
    _running[task_id] = time.perf_counter()


def end(task_id: str = "", task: Any = None, state: str = "", **kwargs: Any) -> None:
    """Count a task that ended, however it ended."""
    began = _running.pop(task_id, None)
    if began is None:
        return
    name = getattr(task, "name", "")
    metrics.tasks.labels(name, state or "UNKNOWN").inc()
    metrics.task_seconds.labels(name).observe(time.perf_counter() - began)
