"""Future bookings in a workbook: they take their time, doctor and chair like any other, and nobody is texted about them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import clock
from kernel.context import Actor
from kernel.errors import Conflict
from services.appointments import actions, controls
from services.appointments.models import Appointment, Assignment
from services.catalogue import selectors as catalogue
from services.catalogue.models import Item
from services.importing.cells import day, text, the_only, wall_time, whole
from services.importing.kinds import Column, Desk, SheetKind, Values, Written
from services.patients.sheets import patient_column, patient_of, written_patient
from services.staff import selectors as people
from services.staff.models import StaffMember

TAKEN_BACK = "import taken back"


def _doctor(values: Values) -> StaffMember:
    return the_only(people.named(values["doctor"]), "doctor", what=values["doctor"])


def _item(values: Values) -> Item | None:
    return the_only(catalogue.named(values["item"]), "item", what=values["item"]) if values["item"] else None


def _starts(values: Values, desk: Desk) -> datetime:
    return clock.at_local(values["day"], values["time"], desk.site.timezone)


def _identity(values: Values) -> str:
    return f"{values['patient']}|{values['day']}|{values['time']:%H:%M}"


def _check(values: Values, desk: Desk) -> None:
    """What would stand against this booking now: the same questions that a booking at the desk is asked."""
    patient_of(values["patient"], desk)
    doctor, item = _doctor(values), _item(values)
    vertical = item.vertical if item is not None else None
    units = controls.units_for(site=desk.site, item=item, units=None, minutes=values["minutes"], vertical=vertical)
    window = controls.window_for(site=desk.site, starts_at=_starts(values, desk), units=units, vertical=vertical)
    resources = controls.placed(site=desk.site, doctor=doctor, chair=None, assistant=None, window=window)
    controls.refuse_taken(site=desk.site, resources=resources, window=window)


def _book(values: Values, desk: Desk) -> Written:
    booked = actions.book_appointment(
        by=desk.by,
        site=desk.site,
        patient=written_patient(values["patient"], desk),
        doctor=_doctor(values),
        item=_item(values),
        starts_at=_starts(values, desk),
        minutes=values["minutes"],
        note=values["note"] or "",
        from_elsewhere=True,
    )
    return Written(booked.code, tuple(Assignment.objects.filter(appointment=booked).values_list("code", flat=True)))


def _cancel(by: Actor, code: UUID) -> None:
    """Give an imported booking up. Raises Conflict (``worked_with_since``)."""
    booked = (
        Appointment.objects.select_for_update(of=("self",)).select_related("site", "patient", "doctor").get(code=code)
    )
    if booked.state == "cancelled":
        return
    if booked.state != "booked" or booked.version > 1:
        raise Conflict(
            "worked_with_since", _("Somebody has worked with this booking since. Move or cancel it where it stands.")
        )
    actions.cancel_appointment(by=by, appointment=booked, reason=TAKEN_BACK)


APPOINTMENTS = SheetKind(
    key="appointments",
    order=30,
    label=pgettext_lazy("sheet", "Future bookings"),
    zh="未来预约",
    hant="未來預約",
    en="Future bookings",
    columns=(
        patient_column(),
        Column(key="day", zh="日期", en="Date", parse=day, required=True, example="2026-12-21"),
        Column(
            key="time", zh="时间", en="Time", hant="時間", parse=wall_time, required=True, example="09:30",
            help=gettext_lazy("Bookings begin on a full unit, usually of 15 minutes."),
        ),
        Column(
            key="doctor", zh="医生", en="Doctor", hant="醫生", parse=text(60), required=True, example="011",
            help=gettext_lazy("Staff number or whole name. The roster of that day must be entered before."),
        ),
        Column(
            key="minutes", zh="时长", en="Minutes", hant="時長", parse=whole(5, 720), example="30",
            help=gettext_lazy("Whole units. Empty: the usual length of the item."),
        ),
        Column(
            key="item", zh="项目", en="Item", hant="項目", parse=text(80),
            help=gettext_lazy("Name or key from the price list."),
        ),
        Column(key="note", zh="备注", en="Note", hant="備註", parse=text(200)),
    ),
    identity=_identity,
    check=_check,
    write=_book,
    undo=_cancel,
)  # fmt: skip
