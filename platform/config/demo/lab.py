"""What a dental clinic keeps beside the treatment: findings of teeth, models at the laboratory, lists for specialists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from config.demo.house import House
from dental.actions import note_finding
from dental.lab import check_model, fit_model, order_model, receive_model, send_model
from dental.models import LabModel, PreparationSet, ToothFinding
from dental.preparation import LISTS, mark_prepared, start_preparation, tick, ticked
from kernel import clock
from services.catalogue.models import Item
from services.reception.models import Visit
from services.shift.desk import register_item
from services.shift.models import ItemEntry
from services.sites.models import Site

SUNDAY = 6
LAB, COURIER = "精工义齿加工厂", "取送员老许"
WORKS = {"dental-crown": "crown", "dental-veneer": "veneer", "dental-impression": "study_model"}
SEEN = ("caries", "caries", "filled", "filled", "crown", "root_treated", "impacted", "mobile", "fractured", "missing")
TEETH = (16, 26, 36, 46, 17, 27, 37, 47, 14, 24, 18, 28, 38, 48, 11, 21)


def examine(clinic: House, visit: Visit, done: Iterable[Item]) -> None:
    """The doctor notes what was seen, and enters a model where an impression was taken."""
    random = Random(f"visit {visit.pk}:mouth")
    by = clinic.self_of(visit.doctor)
    if random.random() < 0.6:
        for tooth in random.sample(TEETH, random.randint(2, 4)):
            kind = random.choice(SEEN)
            surfaces = random.sample("MODBL", random.randint(1, 2)) if kind in ToothFinding.ON_SURFACES else ()
            clinic.attempt(
                note_finding, by=by, site=visit.site, patient=visit.patient, author=visit.doctor, tooth=tooth, kind=kind,
                surfaces=surfaces, visit_code=visit.code,
            )  # fmt: skip
    work = next((WORKS[item.key] for item in done if item.key in WORKS), "")
    if work:
        _order(clinic, visit, work)


def _order(clinic: House, visit: Visit, work: str) -> None:
    clinic.attempt(
        order_model, by=clinic.self_of(visit.doctor), site=visit.site, patient=visit.patient, doctor=visit.doctor, work=work,
        impression_on=clock.today(visit.site.timezone), teeth=() if work in LabModel.OF_A_JAW else (TEETH[visit.pk % 8],),
        note="颜色 A2",
    )  # fmt: skip


def order(clinic: House, site: Site, day: date) -> None:
    """On a day on which nobody had an impression taken by noon, somebody of the morning has."""
    if LabModel.objects.filter(site=site, impression_on=day).exists():
        return
    seen = Visit.objects.filter(site=site, finished_at__gte=clock.day_bounds(day, site.timezone)[0])
    visit = seen.select_related("site", "patient", "doctor").order_by("id").first()
    if visit is not None:
        _order(clinic, visit, "crown")


def send(clinic: House, site: Site, day: date) -> None:
    """The courier takes along what lies ready; one is wanted back soon."""
    by = clinic.somebody("dental.handle_models", site, role="front_desk")
    rows = LabModel.objects.filter(site=site, state__in=("created", "remake")).select_related("site", "patient")
    if by is None:
        return
    for number, model in enumerate(rows.order_by("id")):
        due = day + timedelta(days=1 if number == 0 else 5)
        # No laboratory works on Sundays.
        due += timedelta(days=due.weekday() == SUNDAY)
        sent = clinic.attempt(send_model, by=by, model=model, lab=LAB, handler=COURIER, due_on=due)
        if sent is not None:
            clinic.attempt(
                register_item, by=by, site=site, direction=ItemEntry.Direction.OUT, kind=ItemEntry.Kind.MODEL,
                what=f"模型 {model.number}", party=LAB, receiver=COURIER,
            )  # fmt: skip


def receive(clinic: House, site: Site, day: date) -> None:
    """What the laboratory brings back is checked by the doctor; the latest one that is due stays out, and is overdue."""
    by = clinic.somebody("dental.handle_models", site, role="front_desk")
    due = LabModel.objects.filter(site=site, state="sent", due_on__lte=day).order_by("-due_on", "-id")
    if by is None:
        return
    for model in due.select_related("site", "patient", "doctor", "appointment")[1:]:
        back = clinic.attempt(receive_model, by=by, model=model, handler=COURIER)
        if back is not None and model.pk % 3:
            clinic.attempt(check_model, by=clinic.self_of(model.doctor), model=back)


def fit(clinic: House, visit: Visit) -> None:
    """A model that lies ready is fitted when its patient is here."""
    for model in LabModel.objects.filter(site=visit.site, patient=visit.patient, state="checked"):
        clinic.attempt(fit_model, by=clinic.self_of(visit.doctor), model=model, visit=visit)


def prepare(clinic: House, site: Site, day: date) -> None:
    """A list for a specialist is begun; the one of the day before is finished."""
    by = clinic.somebody("dental.prepare", site, role="assistant")
    if by is None:
        return
    for row in PreparationSet.objects.filter(site=site, state="open").select_related("site", "patient", "specialist"):
        for item in LISTS[row.kind]:
            if item not in ticked(row):
                clinic.attempt(tick, by=by, preparation=row, item=item)
        clinic.attempt(mark_prepared, by=by, preparation=row)
    visit = (
        Visit.objects.filter(site=site, finished_at__isnull=False)
        .select_related("patient", "doctor")
        .order_by("-finished_at")
        .first()
    )
    if visit is None:
        return
    kind = ("implant", "orthodontic")[day.toordinal() % 2]
    begun = clinic.attempt(
        start_preparation, by=by, site=site, patient=visit.patient, kind=kind, specialist=visit.doctor
    )
    if begun is not None:
        for item in LISTS[kind][:2]:
            clinic.attempt(tick, by=by, preparation=begun, item=item)


DAY = (("08:52", receive), ("09:44", prepare), ("11:55", order), ("16:20", send))
