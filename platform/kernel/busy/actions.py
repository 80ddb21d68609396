"""Writing the busy calendar, in the transaction of what takes or frees the time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from kernel import tenancy
from kernel.busy.models import BusyTime, Membership
from kernel.errors import Conflict

EXCLUSION_VIOLATION = "23P01"


class Overlap(Conflict):
    """Another house holds the time of ``staff`` from ``starts_at`` to ``ends_at`` (None where only the database saw it)."""

    def __init__(self, staff: UUID, starts_at: datetime | None = None, ends_at: datetime | None = None) -> None:
        super().__init__("busy_elsewhere", _("This person works in another house of the chain at that time."))
        self.staff, self.starts_at, self.ends_at = staff, starts_at, ends_at


def take(
    *,
    ref: UUID,
    people: Iterable[UUID],
    starts_at: datetime,
    ends_at: datetime,
    travel: Callable[[], timedelta] = timedelta,
    contested: bool = False,
) -> None:
    """Let ``ref`` (a booking, a blocked time) hold exactly these ``people`` (codes of staff members) from ``starts_at`` to
    ``ends_at``, and for the way after it (``travel`` is asked only for who shares a calendar); nobody frees it. People without a shared calendar are passed over.

    What is held already stays untouched. ``contested``: where another house holds it too, the time is written all the
    same (only for what was there before the house joined). Raises Overlap, RuntimeError outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("busy time is taken in the transaction of what takes it")
    wanted = {one.pk: one for one in Membership.objects.filter(staff__in=list(people))}
    mark = fingerprint(ref)
    until = ends_at + travel() if wanted else ends_at
    kept: set[int] = set()
    gone: list[int] = []
    for row in BusyTime.objects.filter(ref=mark):
        if row.member_id in wanted and (row.starts_at, row.ends_at) == (starts_at, until):
            kept.add(row.member_id)
        else:
            gone.append(row.pk)
    if gone:
        BusyTime.objects.filter(pk__in=gone)._raw_delete(connection.alias)
    for key, member in sorted(wanted.items(), key=lambda pair: pair[1].calendar_id):
        if key not in kept:
            _write(member, mark, starts_at, until, contested=contested)


def free(*, ref: UUID) -> None:
    """``ref`` holds nobody any more."""
    BusyTime.objects.filter(ref=fingerprint(ref))._raw_delete(connection.alias)


def invitation_hash(invitation: str, chain_code: UUID) -> str:
    """What is kept of an invitation; blanks, hyphens and small letters make no difference."""
    said = "".join(invitation.upper().split()).replace("-", "")
    return hashlib.sha256(f"busy:{chain_code}:{said}".encode()).hexdigest()


def forget_house(*, schema_name: str) -> int:
    """A house is gone or suspended: its memberships end, and with them its times; as the platform's role or the owner.
    Returns how many memberships there were."""
    return Membership.objects.filter(schema_name=schema_name)._raw_delete(connection.alias)


def fingerprint(ref: UUID) -> UUID:
    """What stands for ``ref`` in the shared table: the same again for its house, and nothing for anybody else."""
    return UUID(bytes=hmac.digest(tenancy.current().key_salt, b"busy:" + ref.bytes, "sha256")[:16])


def fingerprints(refs: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """The print of each of ``refs``, by print."""
    return {fingerprint(ref): ref for ref in refs}


def _write(member: Membership, mark: UUID, starts_at: datetime, ends_at: datetime, *, contested: bool) -> None:
    """One after the other for each person, so that the looking below sees what has been written; the constraint of the
    database holds for whoever comes by another way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('busy:' || %s, 0))", [str(member.calendar_id)])
    held = (
        BusyTime.objects.filter(calendar=member.calendar_id, starts_at__lt=ends_at, ends_at__gt=starts_at)
        .exclude(owner_role=tenancy.current().database_role)
        .order_by("starts_at")
        .first()
    )
    if held is not None and not contested:
        raise Overlap(member.staff, held.starts_at, held.ends_at)
    try:
        with transaction.atomic():
            BusyTime.objects.create(
                calendar_id=member.calendar_id,
                member=member,
                ref=mark,
                starts_at=starts_at,
                ends_at=ends_at,
                contested=held is not None,
            )
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != EXCLUSION_VIOLATION:
            raise
        raise Overlap(member.staff) from error
