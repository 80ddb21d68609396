"""The register, maintenance and faults of devices (IN-009, IN-010, IN-014)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.catalogue.models import Item
from services.equipment import selectors
from services.equipment.machines import DEVICE, FAULT
from services.equipment.models import Device, DeviceType, Fault, Maintenance
from services.sites.locking import lock_version
from services.sites.models import Room, Site
from services.tasks.actions import cancel_task, open_task, settle_task

DUE, REPAIR, BOOKINGS = "equipment.maintenance", "equipment.repair", "equipment.bookings"
KEEPERS = ("head_nurse", "supervisor", "tenant_admin")


def needed(text: str, field: str, code: str, sentence: str, longest: int = 300) -> str:
    """What was written, without which nothing is stored. Raises RuleRefused (``code``)."""
    if not text.strip():
        raise RuleRefused(code, sentence, fields={field: [_("Required")]})
    return text.strip()[:longest]


@action(permission=None, reason="starter content, written by the product when a tenant is founded")
def ensure_type(*, by: Actor, key: str, maintenance_days: int, **words: str) -> DeviceType:
    """The kind ``key``, written if it is missing; one that exists stays as the tenant left it (IN-014)."""
    row, _made = DeviceType.objects.get_or_create(key=key, defaults={"maintenance_days": maintenance_days, **words})
    return row


@action(permission="equipment.manage")
def register_device(
    *,
    by: Actor,
    site: Site,
    type: DeviceType,  # noqa: A002 - the word of the field
    number: str,
    name: str = "",
    serial: str = "",
    room: Room | None = None,
    items: Iterable[Item] = (),
    next_due_on: date | None = None,
) -> Device:
    """Enter a device with its room and the treatments that need it. Without ``next_due_on`` the plan begins today.

    Raises RuleRefused (``number_missing``), NotFound (``room_not_found``) for a room of another site, Conflict
    (``number_taken``).
    """
    number = needed(number, "number", "number_missing", _("Give it a number."), 20)
    if room is not None and room.site_id != site.pk:
        raise NotFound("room_not_found", _("There is no such room."))
    due = next_due_on
    if due is None and type.maintenance_days:
        due = clock.today(site.timezone) + timedelta(days=type.maintenance_days)
    try:
        with transaction.atomic():
            row = Device.objects.create(
                site=site, type=type, number=number, name=(name.strip() or type.name)[:80], serial=serial.strip()[:60],
                room=room, maintenance_days=type.maintenance_days, next_due_on=due,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("number_taken", _("This number stands on another one already.")) from error
    row.items.set(items)
    audit.record(by=by, verb="equipment.entered", target=row, site=site.code, type=type.key)
    return row


@action(permission="equipment.manage")
def link_treatments(*, by: Actor, site: Site, device: Device, items: Iterable[Item]) -> Device:
    """Name the treatments that need this device (IN-014)."""
    row = lock_version(device, None)
    row.items.set(items)
    row.bump(set())
    audit.record(by=by, verb="equipment.linked", target=row, site=site.code)
    return row


@action(permission="equipment.maintain")
def begin_maintenance(*, by: Actor, site: Site, device: Device) -> Device:
    """The device is being maintained and cannot be used. Raises Conflict (``invalid_transition``)."""
    DEVICE.move(device, "in_maintenance", by=by)
    return device


@action(permission="equipment.maintain")
def finish_maintenance(*, by: Actor, site: Site, device: Device, words: str) -> Device:
    """The record of a maintenance: what was done and found. The plan goes on from today.

    Raises RuleRefused (``words_missing``), Conflict (``invalid_transition``).
    """
    words = needed(words, "words", "words_missing", _("Write what was done and found."))
    DEVICE.move(device, "in_service", by=by)
    planned = device.next_due_on
    Maintenance.objects.create(device=device, planned_on=planned, done_at=clock.now(), by_name=by.name, words=words)
    settle_task(by=by, kind=DUE, key=due_key(device), result="maintained")
    if device.maintenance_days:
        device.next_due_on = clock.today(site.timezone) + timedelta(days=device.maintenance_days)
        device.bump({"next_due_on"})
    return device


@action(permission="equipment.report")
def report_fault(*, by: Actor, site: Site, device: Device, words: str) -> Fault:
    """Anybody who notices it: the ticket is open at once, somebody is called, and whoever keeps bookings that need the
    device is warned (IN-009, IN-010).

    Raises RuleRefused (``words_missing``), Conflict (``fault_open``, ``invalid_transition``).
    """
    words = needed(words, "words", "words_missing", _("Write what is wrong."))
    device = _locked(device)
    if device.state == "fault":
        raise Conflict("fault_open", _("The fault is known; somebody is seeing to it."))
    DEVICE.move(device, "fault", by=by)
    fault = Fault.objects.create(site=site, device=device, words=words, at=clock.now(), by_name=by.name)
    audit.record(by=by, verb="equipment.fault_reported", target=fault, site=site.code)
    _call_somebody(by, fault)
    return fault


@action(permission="equipment.maintain")
def close_fault(*, by: Actor, site: Site, fault: Fault, repaired: bool, remark: str) -> Fault:
    """The device works again, or it is given up. Raises RuleRefused (``remark_missing``), Conflict
    (``invalid_transition``)."""
    remark = needed(remark, "remark", "remark_missing", _("Write what was done."))
    FAULT.move(fault, "repaired" if repaired else "given_up", by=by, remark=remark)
    device = _locked(fault.device)
    DEVICE.move(device, "in_service" if repaired else "out_of_service", by=by)
    settle_task(by=by, kind=REPAIR, key=str(fault.code), result=fault.state)
    if repaired:
        cancel_task(by=by, kind=BOOKINGS, key=str(fault.code), reason="repaired")
    return fault


@action(permission="equipment.maintain")
def return_to_service(*, by: Actor, site: Site, device: Device) -> Device:
    """A device that was given up works again. Raises Conflict (``invalid_transition``, ``not_out_of_service``)."""
    device = _locked(device)
    if device.state != "out_of_service":
        raise Conflict("not_out_of_service", _("Only a device that is out of service comes back this way."))
    DEVICE.move(device, "in_service", by=by)
    return device


def watch_plan(*, by: Actor, site: Site, today: date) -> None:
    """What reached its plan date is due, and somebody has it as a task; overdue from the next day on (IN-009)."""
    rows = Device.objects.filter(site=site, state="in_service", next_due_on__lte=today)
    for device in rows.select_related("site", "type"):
        DEVICE.move(device, "due", by=by)
        plan = device.next_due_on or today
        open_task(
            by=by,
            kind=DUE,
            key=due_key(device),
            room="equipment",
            title=gettext_noop("Maintenance of device %(number)s is due"),
            detail=gettext_noop("Planned for %(planned_on)s"),
            args={"number": device.number, "planned_on": plan},
            icon="settings",
            due_at=clock.day_bounds(plan, site.timezone)[1],
            roles=KEEPERS,
            escalates_at=clock.day_bounds(plan + timedelta(days=1), site.timezone)[1],
            escalates_to=("clinic_director", "dean"),
            site=site,
            url=("equipment:device", str(device.code)),
            closed_in_inbox=False,
        )


def due_key(device: Device) -> str:
    """One task per device and plan date."""
    return f"{device.code}:{device.next_due_on}"


def _call_somebody(by: Actor, fault: Fault) -> None:
    device, now = fault.device, clock.now()
    here: dict[str, Any] = {"site": fault.site, "url": ("equipment:device", str(device.code)), "closed_in_inbox": False}
    open_task(
        by=by,
        kind=REPAIR,
        key=str(fault.code),
        room="equipment",
        title=gettext_noop("Device %(number)s has a fault: repair it or call a specialist"),
        args={"number": device.number},
        icon="warn",
        due_at=now,
        roles=KEEPERS,
        escalates_at=now + timedelta(hours=1),
        escalates_to=("clinic_director",),
        **here,
    )
    count = selectors.bookings_of(device).count()
    if count:
        open_task(
            by=by,
            kind=BOOKINGS,
            key=str(fault.code),
            room="equipment",
            title=gettext_noop("Bookings that need device %(number)s: %(count)s"),
            detail=gettext_noop("It has a fault. Find another device or another day."),
            args={"number": device.number, "count": count},
            icon="calendar",
            due_at=now,
            roles=("front_desk", "supervisor"),
            **{**here, "closed_in_inbox": True},
        )


def _locked(device: Device) -> Device:
    lock_version(device, None)
    return Device.objects.select_related("site", "type").get(pk=device.pk)
