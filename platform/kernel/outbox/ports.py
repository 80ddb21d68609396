"""Where the outbox touches what the kernel does not know: the broker, the headquarters of the chain, and its houses.

All are dotted paths in the settings, filled by the floor above.
"""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from kernel import tenancy
from kernel.outbox.event import Event
from kernel.tenancy import TenantContext

log = structlog.get_logger(__name__)


def deliver_to_headquarters(event: Event) -> None:
    """Hand ``event`` to the current tenant's headquarters; returning means that its handlers there have had it.

    ``OUTBOX_DELIVER_TO_HEADQUARTERS`` names ``(event: Event) -> None``. It enters the headquarters' own context and
    calls ``kernel.outbox.receive(event)`` there; what it raises is tried again. Called outside of any transaction.
    """
    import_string(settings.OUTBOX_DELIVER_TO_HEADQUARTERS)(event)


def deliver_to_houses(event: Event) -> None:
    """Hand ``event`` to the houses of the chain that it is for; returning means that their handlers have had it.

    ``OUTBOX_DELIVER_TO_HOUSES`` names ``(event: Event) -> None``. It enters each house's own context and calls
    ``kernel.outbox.receive(event)`` there; what it raises is tried again, and a house that has had it is not asked twice.
    Called outside of any transaction.
    """
    import_string(settings.OUTBOX_DELIVER_TO_HOUSES)(event)


def wake() -> None:
    """After the commit, tell the relay that the current tenant has something to deliver; once per transaction.

    ``OUTBOX_WAKE`` names ``(tenant: TenantContext) -> None``. A broker that does not answer is logged and harms
    nothing: the tick finds the event in the due index.
    """
    tenant = tenancy.current()
    told = [False]
    for entry in connection.run_on_commit:
        planned = entry[1]
        # Each event plans a call of its own, because one that was planned inside a savepoint disappears with it; those
        # that are left after the commit know of each other.
        if isinstance(planned, _Wake) and planned.tenant.code == tenant.code:
            told = planned.told
            break
    transaction.on_commit(_Wake(tenant, told), robust=True)


class _Wake:
    """The planned call, recognisable among what else runs on commit. ``told`` is shared within one transaction."""

    def __init__(self, tenant: TenantContext, told: list[bool]) -> None:
        self.tenant = tenant
        self.told = told
        self.__qualname__ = "kernel.outbox.ports.wake"

    def __call__(self) -> None:
        if self.told[0]:
            return
        self.told[0] = True
        try:
            import_string(settings.OUTBOX_WAKE)(self.tenant)
        except Exception as error:  # the transaction has been committed; nothing may fail it now
            log.warning("outbox_wake_failed", error=type(error).__name__)
