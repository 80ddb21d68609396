"""Teeth that were treated before the clinic moved in: guarantee and class of visit count from their own day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dental.actions import record_tooth_treatment
from dental.models import ToothTreatment
from dental.teeth import check_tooth, join_surfaces
from kernel import clock
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.catalogue import selectors as catalogue
from services.catalogue.models import Item
from services.importing.cells import CellFault, day, text, the_only, whole
from services.importing.kinds import Column, Desk, SheetKind, Values, Written
from services.patients.sheets import patient_column, patient_of, written_patient
from services.records.actions import void_treatment
from services.staff import selectors as people
from services.staff.models import StaffMember

TAKEN_BACK = "import taken back"
NOON = time(12)


def _tooth(cell: str) -> int:
    """A tooth of the notation. Raises CellFault (``not_a_number``) and what ``check_tooth`` raises."""
    parse: Callable[[str], int] = whole(11, 85)
    return parse(cell)


def _doctor(values: Values) -> StaffMember:
    return the_only(people.named(values["doctor"]), "doctor", what=values["doctor"])


def _item(values: Values) -> Item:
    return the_only(catalogue.named(values["item"]), "item", what=values["item"])


def _identity(values: Values) -> str:
    facts = (values["patient"], values["day"], values["tooth"], values["item"], values["surfaces"] or "")
    return "|".join(str(fact) for fact in facts)


def _check(values: Values, desk: Desk) -> None:
    patient_of(values["patient"], desk)
    check_tooth(values["tooth"])
    join_surfaces(values["surfaces"] or "")
    doctor, item = _doctor(values), _item(values)
    if not doctor.is_doctor:
        sentence = _("%(name)s is not entered as a doctor.") % {"name": doctor.name}
        raise RuleRefused("not_a_doctor", sentence, fields={"doctor": [sentence]})
    if item.vertical not in ("", "dental"):
        sentence = _("“%(item)s” is nothing that is done to a tooth.") % {"item": item.name}
        raise RuleRefused("item_of_another_vertical", sentence, fields={"item": [sentence]})
    if values["day"] > clock.today(desk.site.timezone):
        sentence = _("What has not happened yet is not recorded.")
        raise RuleRefused("performed_in_future", sentence, fields={"day": [sentence]})
    if values["guarantee"] is not None and values["guarantee"] < values["day"]:
        raise CellFault("day_out_of_range", "guarantee")


def _record(values: Values, desk: Desk) -> Written:
    """Write the treatment with its own day; nobody is called about it."""
    _check(values, desk)
    row = record_tooth_treatment(
        by=desk.by,
        site=desk.site,
        patient=written_patient(values["patient"], desk),
        doctor=_doctor(values),
        item=_item(values),
        tooth=values["tooth"],
        surfaces=values["surfaces"] or "",
        performed_at=_moment(values, desk),
        warranty_until=values["guarantee"],
        from_elsewhere=True,
    )
    return Written(row.code, (row.treatment.code,))


def _moment(values: Values, desk: Desk) -> datetime:
    """The hour is not known: noon of the day, or now if that has not come."""
    return min(clock.at_local(values["day"], NOON, desk.site.timezone), clock.now())


def _strike(by: Actor, code: UUID) -> None:
    """Strike an imported treatment through. Raises Conflict (``worked_with_since``)."""
    row = ToothTreatment.objects.select_related("treatment__site", "treatment__patient").get(code=code)
    if row.treatment.voided_at is not None:
        return
    if row.treatment.version > 1 or ToothTreatment.objects.filter(redo_of=row).exists():
        raise Conflict(
            "worked_with_since", _("Somebody has worked with this treatment since. Strike it through in the chart.")
        )
    void_treatment(by=by, treatment=row.treatment, reason=TAKEN_BACK)


TEETH = SheetKind(
    key="dental.teeth",
    order=40,
    label=pgettext_lazy("sheet", "Treated teeth"),
    zh="治疗牙位",
    hant="治療牙位",
    en="Treated teeth",
    columns=(
        patient_column(),
        Column(key="day", zh="治疗日期", en="Date of treatment", hant="治療日期", parse=day, required=True, example="2026-03-18"),
        Column(
            key="doctor", zh="医生", en="Doctor", hant="醫生", parse=text(60), required=True, example="011",
            help=gettext_lazy("Staff number or whole name; a doctor who has left is entered with the day of leaving."),
        ),
        Column(
            key="item", zh="项目", en="Item", hant="項目", parse=text(80), required=True, example="root-canal",
            help=gettext_lazy("Name or key from the price list."),
        ),
        Column(
            key="tooth", zh="牙位", en="Tooth", parse=_tooth, required=True, example="36",
            help=gettext_lazy("One tooth in each row, by the FDI notation: 11 to 48, 51 to 85."),
        ),
        Column(
            key="surfaces", zh="牙面", en="Surfaces", parse=text(5), example="MO",
            help=gettext_lazy("Any of M, D, O, B, L."),
        ),
        Column(
            key="guarantee", zh="质保至", en="Guaranteed until", hant="質保至", parse=day,
            help=gettext_lazy("Empty: counted from the date of treatment by the clinic's own rule."),
        ),
    ),
    identity=_identity,
    check=_check,
    write=_record,
    undo=_strike,
)  # fmt: skip
