"""The manager's desk: what is late or due, today's companions along the hours, orders by what they wait for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escort import selectors, service
from escort.models import Assignment, Companion, Order
from escort.qualification import reasons_against
from kernel import clock, parameters
from kernel.context import Actor
from kernel.web import formatting

Text = str | Promise

FIRST_HOUR, LAST_HOUR, QUARTER = 7, 19, 15
SOON = timedelta(hours=24)

GROUP_WORDS: dict[str, Text] = {
    "unassigned": gettext_lazy("Nobody assigned yet"),
    "offered": gettext_lazy("Waiting for an answer"),
    "coming": gettext_lazy("Coming up"),
    "running": gettext_lazy("In service"),
    "unreported": gettext_lazy("Report missing"),
    "reported": gettext_lazy("To be archived"),
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order on the board. ``flag`` says what is due, in words; ``tone`` repeats it."""

    order: Order
    who: str
    flag: Text = ""
    tone: str = ""
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Orders that share one trouble."""

    tone: str
    title: Text
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A service on a companion's line, in quarters of an hour from the first hour shown."""

    order: Order
    start: int
    span: int
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A companion's day."""

    companion: Companion
    blocks: tuple[Block, ...]
    word: Text
    tone: str
    against: tuple[Text, ...] = field(default_factory=tuple)


def tickets(groups: dict[str, list[Order]], now: datetime) -> list[dict[str, Any]]:
    """The columns of the board with their tickets."""
    return [
        {"key": key, "label": GROUP_WORDS[key], "tickets": [_ticket(key, order, now) for order in orders]}
        for key, orders in groups.items()
    ]


def _ticket(group: str, order: Order, now: datetime) -> Ticket:
    assigned = list(order.assignments.all())
    who = assigned[0].companion.staff.name if assigned else ""
    if group == "coming":
        if order.starts_at < now:
            minutes = int((now - order.starts_at).total_seconds() // 60)
            return Ticket(order, who, _("not met yet, %(n)s min") % {"n": minutes}, "late")
        missing = len(service.missing_preparation(order))
        if missing:
            tone = "warn" if order.starts_at - now <= SOON else ""
            return Ticket(order, who, _("Preparation %(done)s/4") % {"done": 4 - missing}, tone)
        return Ticket(order, who, _("ready"))
    if group in ("unassigned", "offered"):
        if order.starts_at <= now:
            return Ticket(order, who, _("begins without a companion"), "late")
        soon = order.starts_at - now <= SOON
        flag = order.get_state_display() if group == "unassigned" else ""  # type: ignore[attr-defined]
        return Ticket(order, who, flag, "warn" if soon else "", order.starts_at if soon else None)
    if group == "running" and order.ends_at < now:
        minutes = int((now - order.ends_at).total_seconds() // 60)
        return Ticket(order, who, _("%(n)s min over the agreed end") % {"n": minutes}, "warn")
    if group == "unreported" and order.ended_at is not None:
        hours = parameters.value("escort_report_hours", at=order.ended_at, site=order.site.code)
        due = order.ended_at + timedelta(hours=hours)
        return Ticket(order, who, _("report"), "late" if due < now else "", due)
    return Ticket(order, who)


def alarms(columns: list[dict[str, object]]) -> list[Alarm]:
    """At most three: people who wait, services nobody goes to, reports beyond their limit."""
    by_key: dict[str, list[Ticket]] = {str(column["key"]): column["tickets"] for column in columns}  # type: ignore[misc]
    waiting = tuple(ticket for ticket in by_key["coming"] if ticket.tone == "late")
    nobody = tuple(ticket for key in ("unassigned", "offered") for ticket in by_key[key] if ticket.tone)
    reports = tuple(ticket for ticket in by_key["unreported"] if ticket.tone == "late")
    found = []
    if waiting:
        found.append(Alarm("late", _("The client has not been met"), waiting))
    if nobody:
        late = any(ticket.tone == "late" for ticket in nobody)
        found.append(Alarm("late" if late else "warn", _("Begins within a day, nobody accepted yet"), nobody))
    if reports:
        found.append(Alarm("warn", _("Reports beyond their limit"), reports))
    return found


def lanes(actor: Actor, now: datetime) -> dict[str, object]:
    """Today's companions along the hours, with what stands against dispatching them."""
    companions = [
        companion
        for companion in selectors.companions(actor).select_related("staff__home_site")
        if companion.state in (Companion.State.ACTIVE, Companion.State.SUSPENDED)
    ]
    busy: dict[int, list[Assignment]] = defaultdict(list)
    zone = formatting.zone_of(companions[0].staff.home_site) if companions else formatting.zone_of()
    today = clock.local(now, zone).date()
    begin = datetime.combine(today, time(0), zone)
    rows = Assignment.objects.filter(
        active=True, companion__in=companions, order__starts_at__lt=begin + timedelta(days=1), order__ends_at__gt=begin
    ).select_related("order__patient", "order__hospital", "order__site")
    for assignment in rows.order_by("order__starts_at"):
        busy[assignment.companion_id].append(assignment)
    found = [_lane(companion, busy[companion.pk], today, now) for companion in companions]
    local = clock.local(now, zone)
    hours = LAST_HOUR - FIRST_HOUR
    share = (local.hour + local.minute / 60 - FIRST_HOUR) / hours * 100
    return {
        "rows": found,
        "hours": [{"text": f"{hour:02d}:00", "start": (hour - FIRST_HOUR) * 4 + 1} for hour in range(FIRST_HOUR, LAST_HOUR)],
        "now_at": round(share, 2) if 0 <= share <= 100 else None,
        "now_text": f"{local:%H:%M}",
    }  # fmt: skip


def _lane(companion: Companion, assignments: list[Assignment], today: date, now: datetime) -> Lane:
    zone = companion.staff.home_site.timezone
    against = reasons_against(companion, at=now, zone=zone)
    blocks = tuple(_block(assignment.order, today) for assignment in assignments)
    running = next((a.order for a in assignments if a.order.state == "in_service"), None)
    if against:
        word, tone = _("not to be dispatched"), "late"
    elif running is not None:
        word, tone = running.get_state_display(), "ok"  # type: ignore[attr-defined]
    else:
        word, tone = "", ""
    return Lane(companion, blocks, word, tone, tuple(reason.text for reason in against))


def _block(order: Order, today: date) -> Block:
    zone = order.site.timezone
    first, last = FIRST_HOUR * 60, LAST_HOUR * 60
    start, end = clock.local(order.starts_at, zone), clock.local(order.ends_at, zone)
    a = start.hour * 60 + start.minute if start.date() == today else first
    b = end.hour * 60 + end.minute if end.date() == today else last
    a, b = min(max(a, first), last - QUARTER), min(max(b, first + QUARTER), last)
    return Block(order, (a - first) // QUARTER + 1, max(1, -(-(b - a) // QUARTER)), f"{start:%H:%M}–{end:%H:%M}")


LIFE: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (gettext_lazy("Enquiry"), ("enquiry", "with_manager")),
    (gettext_lazy("Agreement"), ("agreement_drafted",)),
    (gettext_lazy("Offers"), ("agreed", "offered")),
    (gettext_lazy("Preparation"), ("accepted",)),
    (gettext_lazy("Ready"), ("ready",)),
    (gettext_lazy("In service"), ("in_service",)),
    (gettext_lazy("Report"), ("service_ended",)),
    (gettext_lazy("To be archived"), ("reported",)),
)


def life(order: Order) -> list[dict[str, object]]:
    """The way of an order in eight steps, for the line of steps; nothing for one that was cancelled."""
    if order.state == "cancelled":
        return []
    at = next((index for index, (_label, states) in enumerate(LIFE) if order.state in states), len(LIFE))
    return [
        {"title": label, "state": "done" if index < at else "now" if index == at else "locked"}
        for index, (label, _states) in enumerate(LIFE)
    ]
