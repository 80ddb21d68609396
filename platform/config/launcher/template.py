"""Fills the template databases of the tests: every schema, then the cast. Run by ``testbed`` in a process of its own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

# Whenever the tests run, everybody was hired before the days on which the tests play.
FOUNDED = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)


def main(what: str) -> None:
    """Migrate (``schemas``), or create both chains with their people (``cast``)."""
    import django

    django.setup()
    from django.core.management import call_command

    from config.demo.building import build_cast
    from kernel import clock

    if what == "schemas":
        call_command("tenant_migrate")
        return
    with clock.frozen(FOUNDED, every_thread=True):
        build_cast()
        let_nothing_wait()


def let_nothing_wait() -> None:
    """Deliver what the building of the cast said, so that a test hears only of what it does itself, and take away the
    nightly jobs: a test that moves the clock by weeks would first make up for all those nights. A test about them plans
    its own (``kernel.timers.ensure_daily``)."""
    from django.db import transaction

    from kernel.outbox.relay import relay_alone, relay_pending
    from kernel.schedule.models import DueEntry
    from kernel.tenancy import activate
    from kernel.timers.models import DAILY_PREFIX, Timer
    from tenants.selectors import every_tenant

    for tenant in list(every_tenant()):
        with activate(tenant):
            while relay_alone().more or relay_pending().more:
                pass
        with activate(tenant), transaction.atomic():
            nightly = Timer.objects.filter(kind__startswith=DAILY_PREFIX)
            DueEntry.objects.filter(ref__in=list(nightly.values_list("code", flat=True))).delete()
            nightly.delete()


if __name__ == "__main__":
    main(sys.argv[1])
