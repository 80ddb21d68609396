"""What operators do besides setting up tenants: try again what failed inside of one."""

from __future__ import annotations

from django.db import transaction

from kernel import tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict
from kernel.outbox import selectors as outbox
from kernel.outbox.actions import requeue_event
from kernel.timers import selectors as timers
from kernel.timers.actions import requeue_timer
from tenants.directory import public_schema
from tenants.models import Tenant, TenantVitals
from tenants.operators.selectors import AT_ONCE, context_of
from tenants.provisioning import queue
from tenants.provisioning.actions import note_act
from tenants.vitals import measure


@action(permission="platform.requeue")
def requeue_dead_letters(*, by: Actor, tenant: Tenant) -> int:
    """Deliver the failed events of a tenant again and let its failed timers fire; how many were put back.

    A timer that a newer one replaced stays as it is. Raises Conflict (``tenant_not_ready``).
    """
    count = 0
    operator = Actor.system("platform")
    with tenancy.activate(context_of(tenant)):
        for event in outbox.dead_letters()[:AT_ONCE]:
            requeue_event(by=operator, event=event)
            count += 1
        for timer in timers.dead_letters()[:AT_ONCE]:
            try:
                with transaction.atomic():
                    requeue_timer(by=operator, timer=timer)
            except Conflict:
                continue
            count += 1
        found = measure()
    with public_schema():
        TenantVitals.objects.update_or_create(tenant=tenant, defaults=found)
    note_act(by=by, verb="platform.dead_letters_requeued", tenant=tenant, count=count)
    return count


@action(permission="platform.migrate")
def retry_migration(*, by: Actor, tenant: Tenant) -> None:
    """Let the worker migrate one tenant; what it comes to stands in the tenant's status."""
    queue.enqueue_migration(tenant)
    note_act(by=by, verb="platform.migration_retried", tenant=tenant)
