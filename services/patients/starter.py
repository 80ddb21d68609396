"""Starter content: how record numbers look."""

from __future__ import annotations

from kernel import context
from kernel.numbering.actions import set_number_format
from kernel.numbering.models import NumberFormat

RECORD_SERIES = "patients.record"
RECORD_PATTERN = "A-{number:6}"


def load() -> None:
    """Let record numbers be written as A-000001, unless the tenant chose another way."""
    if not NumberFormat.objects.filter(series=RECORD_SERIES).exists():
        set_number_format(by=context.actor(), series=RECORD_SERIES, pattern=RECORD_PATTERN)
