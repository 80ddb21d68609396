"""What consultants do in the demo: answers are approved, customers advised, most of them take something up."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from config.demo.house import House
from kernel import clock, registry
from kernel.errors import DomainError
from services.consultation import actions, knowledge
from services.consultation.models import Consultation, KnowledgeVersion, ServiceSheet
from services.sites.models import Site
from services.staff.selectors import staff_of

# need, condition, advice
WISHES = (
    ("想了解费用和流程", "首次咨询，一般情况好", "先做检查，再由医生确定方案"),
    ("朋友介绍来的，担心疼", "紧张，愿意配合", "说明麻醉方式，先做简单项目"),
    ("想改善外观", "条件较好，期望适中", "请医生面诊后再定，不急于决定"),
)
CUSTOMERS = 2


def approve(clinic: House, site: Site, day: date) -> None:
    """The director reads what waits for approval: standard answers and sheets of services."""
    by = clinic.who("consultation.approve", site, role="clinic_director")
    for version in KnowledgeVersion.objects.filter(state="draft").exclude(written_by_id=by.user_id):
        knowledge.approve_answer(by=by, version=version)
    for sheet in ServiceSheet.objects.filter(reviewed_at__isnull=True).exclude(written_by_id=by.user_id):
        knowledge.review_sheet(by=by, sheet=sheet)


def advise(clinic: House, site: Site, day: date) -> None:
    """A few customers of the day: accepted, undecided or declined."""
    by = clinic.who("consultation.consult", site, role="consultant")
    if staff_of(by) is None:
        return
    vertical = next((room.key for room in registry.active_verticals()), "")
    sheets = ServiceSheet.objects.filter(reviewed_at__isnull=False, item__vertical=vertical).select_related("item")
    items = [sheet.item for sheet in sheets[:5]]
    for number in range(CUSTOMERS):
        random = Random(f"advice {site.pk}:{day}:{number}")
        patient = random.choice(clinic.patients) if clinic.patients else None
        if patient is None or not patient.phone or not items:
            continue
        try:
            row = actions.open_consultation(by=by, site=site, patient=patient, channel="walk_in", vertical=vertical)
        except DomainError:
            continue
        row = actions.start_consultation(by=by, consultation=row)
        need, condition, advice = random.choice(WISHES)
        actions.write_down(
            by=by, consultation=row, need=need, condition=condition, advice=advice, further="treatment",
            conduct=["listened", "plain", "fair", "respected"],
        )  # fmt: skip
        actions.recommend(by=by, consultation=row, item=random.choice(items))
        actions.confirm_understanding(by=by, consultation=row)
        chance = random.random()
        if chance < 0.6:
            actions.conclude(by=by, consultation=row, outcome="accepted")
        elif chance < 0.85:
            actions.conclude(
                by=by,
                consultation=row,
                outcome="undecided",
                next_step="和家人商量后回复",
                call_back_on=day + timedelta(days=2),
            )
        else:
            actions.conclude(by=by, consultation=row, outcome="refused", refusal="compares")


def call_back(clinic: House, site: Site, day: date) -> None:
    """Who could not decide is called on the day that was agreed: most decide, some are not reached. What is due today is
    called about in the afternoon."""
    by = clinic.who("consultation.consult", site, role="consultant")
    if staff_of(by) is None:
        return
    until = day if clock.now() > clinic.local(day, "12:00") else day - timedelta(days=1)
    rows = Consultation.objects.filter(site=site, state="undecided", call_back_on__lte=until)
    for row in rows.select_related("site", "patient"):
        chance = Random(f"advice {row.pk}:{day}").random()
        if chance < 0.55:
            clinic.attempt(actions.conclude, by=by, consultation=row, outcome="accepted")
        elif chance < 0.8:
            clinic.attempt(actions.conclude, by=by, consultation=row, outcome="refused", refusal="compares")
