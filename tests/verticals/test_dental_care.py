"""Dental: the card guide, four-handed work, the lines that charges fall into, rooms and doctors for the rules of assignment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dental.pairing import four_handed, pairings
from kernel.tenancy import TenantContext
from services.appointments.assignment import Case
from services.catalogue.models import Category, Item
from services.sites.models import Chair
from services.staff.models import DutyShift, StaffMember
from services.treatment_area.assistance import assign_assistant, assistants
from tests.services.doors import browser, person
from tests.services.flow import center, patient, walked_in

TUESDAY = date(2026, 12, 8)


@pytest.fixture(autouse=True)
def tuesday(smile: TenantContext, at: Any) -> Any:
    at("2026-12-08 10:00")
    return at


@pytest.mark.ledger("DE-013")
def test_the_guide_to_the_card_lies_where_the_card_is_written() -> None:
    visit = walked_in(patient("韩博"))
    page = browser("dr.lin").get(f"/reception/visits/{visit.code}/").content.decode()
    assert "/dental/card-guide/" in page
    assert browser("dr.lin").get("/dental/card-guide/").status_code == 200
    assert "/dental/card-guide/" not in browser("su.qi").get(f"/reception/visits/{visit.code}/").content.decode()


@pytest.mark.ledger("DE-018")
def test_four_handed_work_is_read_from_the_grid_of_assistants() -> None:
    before = pairings(center(), TUESDAY, TUESDAY)
    worked = sum(one.worked for one in before)
    paired = sum(one.paired for one in before)
    assert four_handed(center(), TUESDAY) is None or paired
    free = next(one for one in before if one.paired == 0)
    [helper, *_others] = assistants(center(), TUESDAY)
    assign_assistant(
        by=person("mei.hua"), site=center(), day=TUESDAY, half="morning", doctor=free.doctor, assistant=helper
    )
    [now] = [one for one in pairings(center(), TUESDAY, TUESDAY) if one.doctor == free.doctor]
    assert (now.paired, now.names) == (1, [f"{helper.name} 1"])
    fact = four_handed(center(), TUESDAY)
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (paired + 1, worked)
    page = browser("mei.hua").get("/dental/pairing/")
    assert helper.name in page.content.decode()


@pytest.mark.ledger("DE-022")
def test_every_charge_falls_into_a_line_of_the_daily_report() -> None:
    used = set(Item.objects.filter(vertical="dental").values_list("category__key", flat=True))
    lines = {
        "orthodontic", "treatment", "xray", "impression", "fabrication", "scaling", "device", "registration",
        "examination",
    }  # fmt: skip
    assert used == lines
    rolled = dict(
        Category.objects.filter(key__in=lines, rolls_up_to__isnull=False).values_list("key", "rolls_up_to__key")
    )
    assert rolled == {"xray": "treatment", "impression": "treatment", "examination": "treatment"}
    assert not Category._meta.get_field("key").null
    assert not Item._meta.get_field("category").null


@pytest.mark.ledger("DE-023", "DE-024")
def test_rooms_and_doctors_are_kept_as_the_rules_of_assignment_need_them() -> None:
    case = Case(site=center(), patient=None, day=TUESDAY)
    rooms = [
        shift.chair.room.number
        for doctor in case.by_room
        for shift in DutyShift.objects.filter(staff=doctor, kind="clinic", chair__isnull=False)
        .filter(starts_at__date=TUESDAY)
        .select_related("chair__room")[:1]
    ]
    assert rooms == sorted(rooms, key=int)
    assert len(rooms) > 1
    # The consultation room has a number too, but nobody treats there.
    assert Chair.objects.filter(site=center(), room__number="6").exists()
    assert "6" not in rooms
    known = StaffMember.objects.get(number="023")
    assert (known.gender, known.title, bool(known.specialties)) == ("female", "副主任医师", True)
