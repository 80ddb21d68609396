"""Beside the chairs: take-overs are signed, companions let in, rounds made, notes answered, the sheet of the day handed in."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from random import Random

from config.demo.engine import settle
from config.demo.house import MINUTE, House
from kernel import clock
from services.guest_care import actions as care
from services.guest_care.models import Introduction
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import QueueEvent, Visit
from services.sites.models import Site
from services.treatment_area import actions, assistance, companions, rounds
from services.treatment_area.models import (
    AccompanyingRelative,
    Assistance,
    Concern,
    DailySheet,
    Feedback,
    FloorEntry,
    Priority,
    SilentNote,
)
from services.treatment_area.selectors import has_attendant

RELATIVES = {"child": (("王秀英", "mother"), ("李建军", "father")), "elder": (("张小芳", "child"), ("陈志强", "child"))}
NEEDS = ("", "两位客人要热水", "一位客人想换座位", "")
LAST_SHEET = "17:26"


# --- a visit ----------------------------------------------------------------------------------------------------------


def note_need_of_help(clinic: House, visit: Visit) -> None:
    """Somebody of great age is accompanied by the guide."""
    youngest, _oldest = companions.age_span(visit.patient, companions.visit_day(visit))
    by = clinic.somebody("treatment_area.flag", visit.site, role="guide")
    guide = clinic.somebody("treatment_area.accompany", visit.site, role="guide")
    if youngest < 78 or by is None or guide is None or Priority.objects.filter(visit=visit).exists():
        return
    priority = clinic.attempt(rounds.raise_priority, by=by, visit=visit, reason="elderly", condition="走路慢，听力稍差")
    if priority is not None:
        clinic.attempt(rounds.accompany, by=guide, priority=priority)


def tell_doctor(clinic: House, visit: Visit) -> None:
    """Who waits for long is spoken of to the doctor, by a note that disturbs nobody; a few minutes later it is answered."""
    by = clinic.somebody("treatment_area.note", visit.site, role="waiting_attendant")
    busy = Visit.objects.filter(site=visit.site, doctor=visit.doctor, state__in=HOLDS_CHAIR).exists()
    if by is None or not busy or SilentNote.objects.filter(visit=visit).exists():
        return
    note = clinic.attempt(actions.send_note, by=by, visit=visit, text="下一位客人等候较久，请问还要多久？")
    if note is not None:
        clinic.timeline.at(clock.now() + 3 * MINUTE, partial(_reply, clinic, note))


def _reply(clinic: House, note: SilentNote) -> None:
    note = SilentNote.objects.select_related("site", "doctor").get(pk=note.pk)
    if note.state in ("sent", "escalated"):
        actions.reply_note(by=clinic.self_of(note.doctor), note=note, reply="大约十分钟，请客人再坐一会儿")


def take_over(clinic: House, visit: Visit) -> None:
    """A nurse signs for a guest who was led in, and lets the family in where the rule admits it."""
    giver = QueueEvent.objects.filter(visit=visit, what="led_in").order_by("at", "id").last()
    by = clinic.another(
        "treatment_area.take_over", visit.site, than=giver.by_id if giver is not None else None, roles=("nurse",)
    )
    if by is None or FloorEntry.objects.filter(visit=visit).exists():
        return
    clinic.attempt(actions.sign_take_over, by=by, visit=visit)
    _introduce(clinic, visit)
    ground = companions.age_ground(visit)
    lets_in = clinic.somebody("treatment_area.companions", visit.site, role="waiting_attendant")
    if ground in RELATIVES and lets_in is not None and Random(f"visit {visit.pk}:companion").random() < 0.7:
        name, relation = RELATIVES[ground][visit.pk % 2]
        clinic.attempt(actions.admit_companion, by=lets_in, visit=visit, name=name, relation=relation)


def _introduce(clinic: House, visit: Visit) -> None:
    by = clinic.somebody("guest_care.introduce", visit.site, role="guide")
    nurse = next(iter(getattr(clinic, "assistants", {}).get(visit.site_id, [])), None)
    if by is None or Introduction.objects.filter(visit=visit).exists() or visit.pk % 3 == 0:
        return
    clinic.attempt(
        care.introduce, by=by, visit=visit, purpose=visit.complaint or "复诊", nurse=nurse, precautions="无",
        chart_handed=True,
    )  # fmt: skip


def see_out(clinic: House, visit: Visit) -> None:
    """The family leaves with the guest; the attendant notes how the guest was received."""
    for relative in visit.relatives.filter(state="inside").select_related("site"):
        lets_out = clinic.somebody("treatment_area.companions", visit.site, role="waiting_attendant")
        if lets_out is not None:
            clinic.attempt(actions.companion_out, by=lets_out, relative=relative)
    by = clinic.somebody("treatment_area.feedback", visit.site, role="waiting_attendant")
    if by is None or not has_attendant(visit.site) or not FloorEntry.objects.filter(visit=visit).exists():
        return
    random = Random(f"visit {visit.pk}:feedback")
    for about in Feedback.About.values:
        if random.random() < 0.5 and not Feedback.objects.filter(visit=visit, about=about).exists():
            good = random.random() < 0.92
            clinic.attempt(
                actions.give_feedback,
                by=by,
                visit=visit,
                about=about,
                is_good=good,
                words="" if good else "没有起身迎接",
            )


# --- the day ----------------------------------------------------------------------------------------------------------


def assign(clinic: House, site: Site, day: date) -> None:
    """The head nurse gives doctors their assistants for the day, as far as there are any."""
    by = clinic.somebody("treatment_area.assign", site, role="head_nurse")
    if by is None or Assistance.objects.filter(site=site, day=day).exists():
        return
    people = assistance.assistants(site, day)
    rows = assistance.grid(site, day)
    for number, half in enumerate(assistance.HALVES.values):
        working = [row.doctor for row in rows if next(cell for cell in row.cells if cell.half == half).on_duty]
        turned = [*working[number:], *working[:number]]
        for doctor, person in zip(turned, people, strict=False):
            clinic.attempt(
                assistance.assign_assistant, by=by, site=site, day=day, half=half, doctor=doctor, assistant=person
            )


def patrol(clinic: House, site: Site, day: date) -> None:
    """A round among the waiting guests."""
    by = clinic.somebody("treatment_area.patrol", site, role="waiting_attendant")
    if by is not None:
        clinic.attempt(rounds.note_patrol, by=by, site=site, needs=NEEDS[clock.now().minute % len(NEEDS)])


def report(clinic: House, site: Site, day: date) -> None:
    """Every few days somebody complains in the waiting area."""
    by = clinic.somebody("treatment_area.report", site, role="waiting_attendant")
    solves = clinic.somebody("treatment_area.resolve", site, role="head_nurse")
    if by is None or solves is None or (day.toordinal() + site.pk) % 2:
        return
    waiting = Visit.objects.filter(site=site, state__in=UNSEEN).order_by("arrived_at").first()
    to = Concern.To.HEAD_NURSE if "head_nurse" in solves.roles else Concern.To.DIRECTOR
    clinic.attempt(
        rounds.report_concern, by=by, site=site, kind=Concern.Kind.LONG_WAIT, words="客人说预约了还要等，情绪有些激动", to=to,
        visit=waiting,
    )  # fmt: skip


def resolve(clinic: House, site: Site, day: date) -> None:
    """What was reported a while ago is resolved."""
    by = clinic.somebody("treatment_area.resolve", site, role="head_nurse")
    before = clock.now() - timedelta(minutes=15)
    for concern in Concern.objects.filter(site=site, state="open", reported_at__lt=before).select_related("site"):
        if by is not None:
            clinic.attempt(rounds.resolve_concern, by=by, concern=concern, resolution="已当面道歉并安排优先就诊")


def hand_in(clinic: House, site: Site, day: date) -> None:
    """The attendant signs the sheet of the day."""
    if not has_attendant(site) or DailySheet.objects.filter(site=site, day=day).exists():
        return
    if not Visit.objects.filter(site=site, arrived_at__gte=clock.day_bounds(day, site.timezone)[0]).exists():
        return
    # What was asked for by the afternoon's guests is answered by this sheet.
    settle()
    by = clinic.one_of(("waiting_attendant",), "treatment_area.hand_in", site)
    if by is not None:
        rounds.hand_in_sheet(by=by, site=site, day=day, remark="下午三点前后较忙")


def show(clinic: House, site: Site, day: date) -> None:
    """Where a stretch ends, one companion is inside: let in by rule, else by a doctor's medical need."""
    if AccompanyingRelative.objects.filter(site=site, state="inside").exists():
        return
    visit = Visit.objects.filter(site=site, state="in_chair").select_related("site", "patient", "doctor").last()
    by = clinic.somebody("treatment_area.companions", site, role="waiting_attendant")
    if visit is None or by is None:
        return
    ground = companions.age_ground(visit)
    if not ground:
        doctor = clinic.self_of(visit.doctor)
        clinic.attempt(actions.enter_medical_need, by=doctor, visit=visit, reason="紧张，需家属在旁安抚")
    name, relation = RELATIVES[ground or "elder"][visit.pk % 2]
    clinic.attempt(actions.admit_companion, by=by, visit=visit, name=name, relation=relation if ground else "spouse")


DAY = (
    ("08:14", assign),
    *((wall, patrol) for wall in ("09:20", "09:50", "10:10", "11:00", "14:00", "15:00", "16:00")),
    ("09:35", report),
    ("10:28", resolve),
    ("17:10", resolve),
    (LAST_SHEET, hand_in),
)
