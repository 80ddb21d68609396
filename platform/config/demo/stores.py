"""What a head nurse keeps: the store and what the rooms ask of it, sterile sets, devices. Set up on the first day that is
played with everything; each day sets are opened at the chair and sterilised again."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from config.demo.house import House
from kernel import clock
from kernel.context import Actor
from services.equipment import actions as equipment
from services.equipment.models import Device, DeviceType
from services.inventory import supply
from services.inventory.models import Place, Requisition, StockItem
from services.inventory.supply import Delivered, Wanted
from services.reception.models import Visit
from services.sites.models import Room, Site
from services.sterilisation import actions as sterilisation
from services.sterilisation.models import InstrumentSet, Load, Method, Pack, Packaging, PackUse, Steriliser

# Item, quantity, price of one in fen, days until it expires.
DELIVERY = (
    ("articaine", 200, 680, 540),
    ("adrenaline-1mg", 10, 350, 300),
    ("nitroglycerin", 40, 60, 75),
    ("gloves-m", 2_000, 45, 900),
    ("impression-alginate", 24, 3_800, 45),
    ("oxygen-mask", 12, 900, 700),
)
FOR_THE_ROOMS = (("gloves-m", 300), ("articaine", 40))
SETS = (("常规检查包", 8), ("拔牙包", 3), ("牙周洁治包", 3))
# Kind, number, days until its maintenance is due.
DEVICES = (
    ("treatment-unit", "T-01", 41),
    ("treatment-unit", "T-02", 3),
    ("x-ray", "X-01", 190),
    ("steriliser", "S-01", 62),
)
PROGRAMME = "134℃ 18 分钟"
RUN = timedelta(minutes=24)


def receive(clinic: House, site: Site, day: date) -> None:
    """The store begins with a delivery, and the devices are entered."""
    keeper = clinic.somebody("inventory.keep", site, role="head_nurse")
    known = {item.key: item for item in StockItem.objects.all()}
    if keeper is not None and not Requisition.objects.filter(site=site).exists():
        delivered = [
            Delivered(
                item=known[key], quantity=quantity, price_fen=price, lot=f"{day:%y%m}{number:02d}",
                expires_on=day + timedelta(days=days),
            )
            for number, (key, quantity, price, days) in enumerate(DELIVERY, start=1)
        ]  # fmt: skip
        clinic.attempt(supply.receive, by=keeper, site=site, delivered=delivered)
    manager = clinic.somebody("equipment.manage", site, role="head_nurse")
    if manager is not None and not Device.objects.filter(site=site).exists():
        kinds = {one.key: one for one in DeviceType.objects.all()}
        room = Room.objects.filter(site=site).order_by("id").first()
        for key, number, days in DEVICES:
            clinic.attempt(
                equipment.register_device, by=manager, site=site, type=kinds[key], number=number, room=room,
                next_due_on=day + timedelta(days=days),
            )  # fmt: skip


def supply_rooms(clinic: House, site: Site, day: date) -> None:
    """The rooms ask, the store issues and both sign; what is asked for in the afternoon waits for the store."""
    known = {item.key: item for item in StockItem.objects.all()}
    asker = clinic.somebody("inventory.request", site, role="assistant")
    keeper = clinic.somebody("inventory.keep", site, role="head_nurse")
    if asker is None or keeper is None or asker.user_id == keeper.user_id:
        return
    lines = [Wanted(item=known[key], quantity=quantity) for key, quantity in FOR_THE_ROOMS]
    asked = clinic.attempt(supply.request_stock, by=asker, site=site, place=Place.ROOM, lines=lines)
    if asked is not None and clinic.attempt(supply.issue, by=keeper, site=site, requisition=asked) is not None:
        clinic.attempt(supply.sign_for, by=asker, site=site, requisition=asked)


def sterilise(clinic: House, site: Site, day: date) -> None:
    """What is not sterile goes through the machine; somebody else than who ran it releases the load. A house whose load is
    not released works without the register, as it did before."""
    runs = clinic.somebody("sterilisation.operate", site, role="assistant")
    checks = clinic.somebody("sterilisation.release", site, role="head_nurse")
    if runs is None or checks is None or runs.user_id == checks.user_id:
        return
    steriliser = Steriliser.objects.filter(site=site, is_active=True).first() or _equip(clinic, site)
    if steriliser is None:
        return
    busy = Pack.objects.filter(site=site, state__in=("packed", "sterile")).values("instrument_set")
    sets = list(InstrumentSet.objects.filter(site=site, is_active=True).exclude(pk__in=busy).order_by("id"))
    if not sets:
        return
    load = clinic.attempt(
        sterilisation.load_steriliser, by=runs, site=site, steriliser=steriliser, programme=PROGRAMME, sets=sets
    )
    if load is not None and clinic.attempt(sterilisation.start_load, by=runs, site=site, load=load) is not None:
        clinic.timeline.at(clock.now() + RUN, partial(_finish, clinic, site, load, runs, checks))


def open_packs(clinic: House, site: Site, day: date) -> None:
    """For whoever is in a chair a set is opened, the one that expires first."""
    by = clinic.somebody("sterilisation.use", site, role="assistant")
    if by is None:
        return
    ready = Pack.objects.filter(site=site, state="sterile").select_related("site").order_by("expires_on", "id")
    in_chairs = Visit.objects.filter(site=site, state__in=sterilisation.AT_CHAIR).exclude(
        pk__in=PackUse.objects.values("visit")
    )
    for visit, pack in zip(in_chairs.order_by("id"), ready[:4], strict=False):
        clinic.attempt(sterilisation.use_pack, by=by, site=site, pack=pack, visit=visit)


def report_fault(clinic: House, site: Site, day: date) -> None:
    """On the last day the unit at the second chair has a fault that waits for the technician."""
    by = clinic.somebody("equipment.report", site, role="assistant")
    device = Device.objects.filter(site=site, number="T-02", state="in_service").first()
    if by is not None and device is not None and day == clinic.last_day:
        clinic.attempt(equipment.report_fault, by=by, site=site, device=device, words="吸唾器吸力不足")


def _equip(clinic: House, site: Site) -> Steriliser | None:
    by = clinic.who("sterilisation.manage", site, role="head_nurse")
    number = 0
    for name, count in SETS:
        for _one in range(count):
            number += 1
            clinic.attempt(
                sterilisation.register_set,
                by=by,
                site=site,
                number=f"K-{number:02d}",
                name=name,
                packaging=Packaging.POUCH,
            )
    return clinic.attempt(
        sterilisation.register_steriliser, by=by, site=site, number="S-01", name="高压蒸汽灭菌器", method=Method.STEAM
    )


def _finish(clinic: House, site: Site, load: Load, runs: Actor, checks: Actor) -> None:
    clinic.attempt(sterilisation.finish_load, by=runs, site=site, load=load, physical=True, chemical=True)
    if clinic.attempt(sterilisation.release_load, by=checks, site=site, load=load) is None:
        manager = clinic.who("sterilisation.manage", site, role="head_nurse")
        clinic.attempt(sterilisation.set_in_use, by=manager, row=load.steriliser, in_use=False)


DAY = (
    ("07:50", receive),
    ("07:55", sterilise),
    ("09:15", supply_rooms),
    ("09:40", open_packs),
    ("10:05", report_fault),
    ("14:30", open_packs),
    ("17:30", sterilise),
)
