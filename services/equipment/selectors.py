"""Reads of the register of devices, and which bookings need one."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Prefetch, QuerySet
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment
from services.equipment.machines import DOWN
from services.equipment.models import DamageReport, Device, DeviceType, Fault, Maintenance

VIEW = "equipment.view"
M = TypeVar("M", bound=Model)


def types() -> QuerySet[DeviceType]:
    """The catalogue of kinds of devices with what they can do."""
    return DeviceType.objects.all()


def access_type(code: UUID) -> DeviceType:
    """Raises NotFound (``type_not_found``). The catalogue belongs to the whole tenant."""
    return _one(types(), code, "type_not_found", _("There is no such kind of device."))


def devices(actor: Actor, word: str = VIEW) -> QuerySet[Device]:
    """The register at the sites of ``actor``, with room, treatments and open fault (``open_faults``)."""
    now_open = Prefetch("faults", Fault.objects.filter(state="open"), to_attr="open_faults")
    rows = accessible(Device.objects.select_related("site", "type", "room"), actor, word)
    return rows.prefetch_related("items", now_open)


def access_device(actor: Actor, code: UUID, word: str = VIEW) -> Device:
    """Raises NotFound (``device_not_found``)."""
    return _one(devices(actor, word), code, "device_not_found", _("There is no such device."))


def faults(actor: Actor, word: str = VIEW) -> QuerySet[Fault]:
    """Fault tickets at the sites of ``actor``, the latest first."""
    return accessible(Fault.objects.select_related("site", "device"), actor, word)


def access_fault(actor: Actor, code: UUID, word: str = VIEW) -> Fault:
    """Raises NotFound (``fault_not_found``)."""
    return _one(faults(actor, word), code, "fault_not_found", _("There is no such fault."))


def damage_reports(actor: Actor, word: str = VIEW) -> QuerySet[DamageReport]:
    """Reports of damage and loss at the sites of ``actor``, the latest first."""
    return accessible(DamageReport.objects.select_related("site", "device"), actor, word)


def access_report(actor: Actor, code: UUID, word: str = VIEW) -> DamageReport:
    """Raises NotFound (``report_not_found``)."""
    return _one(damage_reports(actor, word), code, "report_not_found", _("There is no such report."))


def history(device: Device) -> list[Maintenance]:
    """The maintenance of a device, the latest first."""
    return list(device.maintenance.all()[:50])


def bookings_of(device: Device) -> QuerySet[Appointment]:
    """Bookings that are still to come and whose treatment needs ``device``, the nearest first."""
    rows = Appointment.objects.filter(
        site=device.site_id, state__in=AWAITED, starts_at__gte=clock.now(), item__in=device.items.all()
    )
    return rows.select_related("patient", "doctor", "item", "site").order_by("starts_at", "id")


def standing_still(appointment: Appointment) -> list[Device]:
    """Devices of the booking's site that its treatment needs and that cannot be used now."""
    if appointment.item_id is None:
        return []
    return list(Device.objects.filter(site=appointment.site_id, items=appointment.item_id, state__in=DOWN))


def _one(rows: QuerySet[M], code: UUID, refusal: str, sentence: str) -> M:
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound(refusal, sentence)
    return found
