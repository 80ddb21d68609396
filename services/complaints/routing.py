"""Who receives a complaint (CP-005), and who hears of a serious one at once (CP-006)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.identity.models import Role
from services.complaints import ways
from services.complaints.models import Channel, Complaint, Route, Severity
from services.tasks.actions import open_task

SERIOUS, ROUTED = "complaints.serious", "complaints.routed"
AT_ONCE = timedelta(minutes=15)
TO_ASSIGN = timedelta(hours=4)


@action(permission="complaints.manage")
def set_route(*, by: Actor, roles: Sequence[str], channel: str = "", category: str = "", severity: str = "") -> Route:
    """Say who receives complaints of this channel, category and severity (empty: any); what is open stays where it is.

    Raises RuleRefused (``route_unknown``, ``roles_missing``).
    """
    people = list(dict.fromkeys(roles))
    if not people or Role.objects.filter(slug__in=people).count() != len(people):
        raise RuleRefused("roles_missing", _("Choose who receives them."), fields={"roles": [_("Required")]})
    if (
        channel not in ("", *Channel.values)
        or severity not in ("", *Severity.values)
        or category not in ("", *ways.categories())
    ):
        raise RuleRefused("route_unknown", _("Choose channel, category and severity from the lists."))
    row, created = Route.objects.select_for_update().get_or_create(
        channel=channel, category=category, severity=severity, defaults={"roles": people}
    )
    if not created:
        row.roles = people
        row.bump({"roles"})
    audit.record(
        by=by,
        verb="complaints.route_set",
        target=row,
        channel=channel,
        category=category,
        severity=severity,
        roles=people,
    )
    return row


@action(permission="complaints.manage")
def drop_route(*, by: Actor, route: Route) -> None:
    """Take a line out of the matrix; the general line stays. Raises RuleRefused (``route_needed``)."""
    if not (route.channel or route.category or route.severity):
        raise RuleRefused("route_needed", _("The line for everything else stays; change who receives it."))
    audit.record(by=by, verb="complaints.route_dropped", target=route)
    route.delete()


def routed_to(*, channel: str, category: str, severity: str, vertical: str) -> list[str]:
    """The roles that receive what is not settled at once: those of the closest line of the matrix (the reason counts before
    the severity, the severity before the channel), and those of the line of business."""
    any_or = [Q(**{name: ""}) | Q(**{name: value}) for name, value in
              (("channel", channel), ("category", category), ("severity", severity))]  # fmt: skip
    rows = sorted(
        Route.objects.filter(*any_or),
        key=lambda one: (bool(one.category), bool(one.severity), bool(one.channel)),
        reverse=True,
    )
    roles = rows[0].roles if rows else ["supervisor"]
    return list(dict.fromkeys([*roles, *ways.way_of(vertical).roles]))


def route(by: Actor, complaint: Complaint) -> None:
    """A task for the roles that receive it: who handles it? Late, the director and the dean see it too."""
    now = clock.now()
    due = min(now + (AT_ONCE if complaint.is_serious else TO_ASSIGN), complaint.reply_due_at)
    open_task(
        by=by,
        kind=ROUTED,
        key=f"{complaint.code}:{complaint.reopenings}",
        room="complaints",
        title=gettext_noop("Complaint %(number)s: who handles it?"),
        detail=gettext_noop("Promised an answer until %(reply_due_at)s"),
        args={"number": complaint.number, "reply_due_at": complaint.reply_due_at},
        icon="complaint",
        due_at=due,
        roles=complaint.routed_to,
        escalates_at=due,
        escalates_to=("clinic_director", "dean"),
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
        closed_in_inbox=False,
    )


def tell_dean(by: Actor, complaint: Complaint) -> None:
    """The dean hears of it now, whatever the daily report will say (CP-006); a code for headquarters (HQ-009)."""
    due = clock.now() + AT_ONCE
    open_task(
        by=by,
        kind=SERIOUS,
        key=str(complaint.code),
        room="complaints",
        title=gettext_noop("Serious complaint %(number)s"),
        detail=gettext_noop("Received %(received_at)s"),
        args={"number": complaint.number, "received_at": complaint.received_at},
        icon="complaint",
        due_at=due,
        roles=("dean",),
        escalates_at=due,
        escalates_to=("clinic_director",),
        site=complaint.site,
        url=("complaints:complaint", str(complaint.code)),
    )
    outbox.emit(
        "complaints.serious",
        key=str(complaint.code),
        payload={"complaint": str(complaint.code), "site": str(complaint.site.code), "number": complaint.number},
    )


def tell(event: str, complaint: Complaint, **more: Any) -> None:
    """Say that something happened to a case: codes and moments alone."""
    outbox.emit(
        event,
        key=str(complaint.code),
        payload={
            "complaint": str(complaint.code),
            "site": str(complaint.site.code),
            "at": clock.now().isoformat(),
            **more,
        },
    )
