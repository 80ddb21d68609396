"""Rules that several actions of this room keep."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.identity.models import Role, RoleAssignment, User

ADMINISTERS = "identity.assign_roles"


def refuse_for_oneself(by: Actor, user: User, code: str, message: str | Promise) -> None:
    """Segregation of duty: nobody decides about their own rights or account. Raises RuleRefused."""
    if by.user_id is not None and by.user_id == user.pk:
        raise RuleRefused(code, message)


def must_leave_an_administrator(
    *,
    without_user: User | None = None,
    without_assignment: RoleAssignment | None = None,
    without_role: Role | None = None,
) -> None:
    """Refuse what would leave nobody who may give roles everywhere. Raises RuleRefused (``last_administrator``)."""
    with connection.cursor() as cursor:
        # Two administrators who remove each other at the same moment: the second one reads only after the first has
        # committed. Row locks would not do, because the rows that decide are also those of other people.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('identity.administrators'), hashtext(current_schema()))")
    moment = clock.now()
    holders = list(
        RoleAssignment.objects.filter(
            site_code__isnull=True,
            starts_at__lte=moment,
            user__is_active=True,
            role__permissions__word=ADMINISTERS,
            role__permissions__granted=True,
        ).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment))
    )
    left = [
        row
        for row in holders
        if (without_user is None or row.user_id != without_user.pk)
        and (without_assignment is None or row.pk != without_assignment.pk)
        and (without_role is None or row.role_id != without_role.pk)
    ]
    if holders and not left:
        raise RuleRefused(
            "last_administrator", _("Nobody would be left who can give roles. Appoint another administrator first.")
        )
