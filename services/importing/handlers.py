"""What the clock does: the next portion of an import, and forgetting what is no longer needed."""

from __future__ import annotations

from datetime import date

from kernel.timers.models import Timer
from services.importing import actions
from services.importing.checking import BY
from services.importing.models import ImportBatch


def on_work(timer: Timer) -> None:
    """The next portion; a second process that has the same file waits."""
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("site").get(code=timer.key)
    actions.work(batch)


def forget(day: date) -> None:
    """Every night: contents that are old enough."""
    actions.forget_old(by=BY)
