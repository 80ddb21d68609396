"""What the doctor does in the chair, by line of business, as the rooms of the verticals record it."""

from __future__ import annotations

from random import Random

from config.demo.cast import HOUSES
from config.demo.fate import Fate
from config.demo.house import House
from services.catalogue.models import Item
from services.reception.models import Visit
from services.records.actions import add_note, record_treatment

NOTES = {
    "dental": (
        "叩诊不适，X 线示根尖低密度影，建议根管治疗后冠修复。",
        "牙石Ⅱ度，牙龈充血，嘱每半年洁治。",
        "充填后咬合良好，嘱 24 小时内勿咬硬物。",
    ),
    "dermatology": (
        "面部散在红斑丘疹，外用药每晚一次，两周复诊。",
        "皮损较前消退，继续光疗每周两次。",
        "真菌镜检阳性，足疗程用药，三个月复查肝功能。",
    ),
    "aesthetics": (
        "面诊：上睑轻度松弛，已告知术式与恢复期。",
        "填充层次适中，左右对称，嘱四小时内勿按压。",
        "激光后轻度红肿，冷敷二十分钟后缓解。",
    ),
}
ILLNESSES = ("寻常痤疮", "慢性湿疹", "银屑病", "玫瑰痤疮", "足癣", "特应性皮炎", "白癜风")
TEETH = (16, 26, 36, 46, 11, 21, 14, 24, 37, 47, 18, 38, 48)
PROCEDURES = {"aesth-eyelid": "eyelid", "aesth-filler": "filler", "aesth-laser": "laser"}


def carry_out(clinic: House, visit: Visit, done: list[Item], fate: Fate) -> None:
    """Record what was done, with the vertical's own record where it keeps one."""
    random = Random(f"{fate.seed}:treatment")
    by = clinic.self_of(visit.doctor)
    for item in done:
        if item.vertical == "dental" and item.is_invasive:
            _tooth(clinic, visit, item, random)
            continue
        record_treatment(
            by=by, site=visit.site, patient=visit.patient, doctor=visit.doctor, item=item, visit_code=visit.code,
            assistant=visit.appointment.assistant if visit.appointment is not None else None,
        )  # fmt: skip
        if item.key in PROCEDURES:
            _procedure(clinic, visit, PROCEDURES[item.key], random)
    if visit.vertical == "dermatology":
        _illness(clinic, visit, random)
    if random.random() < 0.45:
        canary = f"（{HOUSES[clinic.slug].canary}）" if random.random() < 0.3 else ""
        words = random.choice(NOTES.get(visit.vertical, NOTES["dental"]))
        add_note(
            by=by,
            site=visit.site,
            patient=visit.patient,
            author=visit.doctor,
            text=f"{words}{canary}",
            visit_code=visit.code,
        )


def _tooth(clinic: House, visit: Visit, item: Item, random: Random) -> None:
    from dental.actions import record_tooth_treatment

    record_tooth_treatment(
        by=clinic.self_of(visit.doctor), site=visit.site, patient=visit.patient, doctor=visit.doctor, item=item,
        tooth=random.choice(TEETH), surfaces=random.sample("MODBL", random.randint(1, 3)) if item.key == "dental-filling" else (),
        visit_code=visit.code,
    )  # fmt: skip


def _illness(clinic: House, visit: Visit, random: Random) -> None:
    from dermatology.actions import classify, record_visit
    from dermatology.models import ClassifiedPlan

    plan = ClassifiedPlan.objects.filter(patient=visit.patient, ended_on=None).first()
    by = clinic.self_of(visit.doctor)
    if plan is None:
        if random.random() < 0.6:
            classify(
                by=by, site=visit.site, patient=visit.patient, doctor=visit.doctor, illness=random.choice(ILLNESSES),
                illness_class=random.choices("ABCD", (1, 3, 4, 2))[0],
            )  # fmt: skip
        return
    worse = random.random() < 0.08
    record_visit(
        by=by, plan=plan, medication="外用他克莫司，每日一次", development="皮损加重" if worse else "较前好转", advice="保湿，避免搔抓，按时复诊",
        worse=worse, illness_class=random.choice("BCD"),
    )  # fmt: skip


def _procedure(clinic: House, visit: Visit, key: str, random: Random) -> None:
    from aesthetics.actions import acknowledge_aftercare, give_aftercare, record_procedure
    from aesthetics.models import ProcedureTemplate
    from services.patients.reading import note_read

    doctor = clinic.self_of(visit.doctor)
    nurse = clinic.who("aesthetics.give_aftercare", visit.site, role="nurse")
    template = ProcedureTemplate.objects.get(key=key)
    note_read(doctor, visit.patient, part="chart")
    procedure = record_procedure(
        by=doctor, site=visit.site, patient=visit.patient, doctor=visit.doctor, template=template, visit_code=visit.code
    )
    give_aftercare(by=doctor, procedure=procedure)
    if random.random() < 0.9:
        give_aftercare(by=nurse, procedure=procedure)
        acknowledge_aftercare(by=nurse, procedure=procedure)
