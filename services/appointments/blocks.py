"""Times that are kept from being booked: a meeting, a repair."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.appointments import locking
from services.appointments.machine import ACTIVE
from services.appointments.models import Appointment, Block
from services.sites.models import Chair, Site
from services.staff.models import StaffMember


@action(permission="appointments.block")
def block_time(
    *,
    by: Actor,
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    staff: StaffMember | None = None,
    chair: Chair | None = None,
) -> Block:
    """Keep a person or a chair from being booked. What is booked there already must be moved first.

    Raises RuleRefused (``block_of_nothing``, ``reason_missing``, ``block_ends_first``), Conflict (``block_meets_bookings``).
    """
    if staff is None and chair is None:
        raise RuleRefused("block_of_nothing", _("Choose a person or a chair."))
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the time is blocked."), fields={"reason": [_("Required")]})
    if ends_at <= starts_at:
        raise RuleRefused("block_ends_first", _("The end must be after the beginning."))
    locking.lock_rows([staff] if staff else [], [chair] if chair else [])
    met = Appointment.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at, state__in=ACTIVE)
    people = met.filter(doctor=staff) | met.filter(assistant=staff) if staff else met.none()
    count = (people | (met.filter(chair=chair) if chair else met.none())).distinct().count()
    if count:
        raise Conflict(
            "block_meets_bookings",
            _("There are bookings in this time (%(count)s). Move them first.") % {"count": count},
            bookings=count,
        )
    block = Block.objects.create(
        site=site,
        staff=staff,
        chair=chair,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip()[:80],
        by_id=by.user_id,
    )
    audit.record(by=by, verb="appointments.blocked", target=block, site=site.code)
    return block


@action(permission="appointments.block")
def unblock_time(*, by: Actor, block: Block) -> Block:
    """Open a blocked time again."""
    block = Block.objects.select_for_update().get(pk=block.pk)
    if block.removed_at is None:
        block.removed_at = clock.now()
        block.bump({"removed_at"})
        audit.record(by=by, verb="appointments.unblocked", target=block, site=block.site.code)
    return block
