"""Figures for Prometheus: how much, how fast, how often refused. No label ever names a person or a path with a code."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from kernel.observability import vitals

requests = Counter("lianzhen_http_requests_total", "Requests answered", ["method", "route", "status"])
request_seconds = Histogram(
    "lianzhen_http_request_seconds",
    "Time to an answer",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
)
refusals = Counter("lianzhen_refusals_total", "Refusals by their stable code", ["code", "status"])
sign_ins = Counter("lianzhen_sign_ins_total", "Sign-ins, and why they were refused", ["outcome"])
tasks = Counter("lianzhen_tasks_total", "Background tasks", ["task", "state"])
task_seconds = Histogram(
    "lianzhen_task_seconds", "Time of a background task", ["task"], buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120)
)


def exposition() -> tuple[bytes, str]:
    """Everything in Prometheus' text format, and its content type."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry) + generate_latest(_gauges()), CONTENT_TYPE_LATEST


def _gauges() -> CollectorRegistry:
    """What is measured at the moment of asking: ages of the background parts, and what other floors add.

    ``METRIC_GAUGES`` maps a metric's name to a dotted callable that answers with a number or None.
    """
    registry = CollectorRegistry()
    ages = Gauge(
        "lianzhen_heartbeat_age_seconds", "Since a background part last gave a sign", ["part"], registry=registry
    )
    for part, age in vitals.ages().items():
        if age is not None:
            ages.labels(part).set(age)
    added: dict[str, Any] = getattr(settings, "METRIC_GAUGES", {})
    for name, source in added.items():
        value = import_string(source)()
        if value is not None:
            Gauge(f"lianzhen_{name}", f"Measured by {source}", registry=registry).set(value)
    return registry
