"""Families: one step to register a relative, one phone for several, who pays, the next visits of all."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.errors import Conflict, RuleRefused
from services.patients import families, selectors
from services.patients.models import Patient, PatientRelation
from tests.services.doors import browser, person
from tests.services.flow import booked, center, patient

PHONE = "13700001234"
BAI = "bai.lan"


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 09:00")
    return at


def relative(of: Patient, name: str, **facts: Any) -> Patient:
    known = {"kind": "child", "sex": "female", "stated_age": 6, "shares_phone": True}
    return families.register_relative(by=person(BAI), site=center(), patient=of, name=name, **(known | facts))


def test_the_second_member_is_registered_from_the_first_ones_file_in_one_step():
    mother = patient("孟兰", phone=PHONE, stated_age=35, address="南京西路 1 号")
    desk = browser(BAI)
    url = f"/patients/{mother.code}/family/new/"
    opened = desk.get(url).context["form"]
    assert (opened["shares_phone"].value(), opened["address"].value()) == (True, "南京西路 1 号")

    typed = {"kind": "child", "shares_phone": "on", "pays": "on", "is_guardian": "on", "name": "孟小宝", "sex": "male"}
    missing = desk.post(url, typed)
    assert missing.status_code == 422
    assert "stated_age" in missing.context["form"].errors
    assert not PatientRelation.objects.exists()
    assert desk.post(url, {**typed, "stated_age": "6"}).status_code == 303

    # The phone alone raised no doubt, the relation stands in the child's file.
    child = Patient.objects.get(name="孟小宝")
    row = PatientRelation.objects.get()
    assert (child.phone, row.patient, row.relative, row.kind) == (PHONE, child, mother, "mother")
    assert (row.is_payer, row.is_guardian, selectors.payer_of(child)) == (True, True, row)

    # The same name of the same year is a doubt all the same, and then nothing is left behind.
    again = desk.post(url, {**typed, "stated_age": "6"})
    assert again.status_code == 409
    assert again.context["alike"][0][0] == child
    assert PatientRelation.objects.count() == 1
    with pytest.raises(RuleRefused) as refusal:
        relative(patient("无号", phone=""), "小无")
    assert refusal.value.code == "no_phone_to_share"
    with pytest.raises(Conflict):
        families.register_relative(
            by=person(BAI), site=center(), patient=patient("路人"), kind="other", name="别人", sex="male", stated_age=40,
            phone=PHONE,
        )  # fmt: skip
    assert not Patient.objects.filter(name__in=["小无", "别人"]).exists()


def test_the_page_of_a_family_and_what_finds_it(tuesday, django_assert_max_num_queries):
    mother = patient("孟兰", phone=PHONE, stated_age=35)
    child = relative(mother, "孟小宝", pays=True, is_guardian=True)
    sister = relative(mother, "孟小贝", pays=True)
    stranger = patient("同号人", phone=PHONE)
    booked(child, "2026-12-09 10:00")
    booked(mother, "2026-12-10 10:00")

    page = browser(BAI).get(f"/patients/{child.code}/family/")
    rows = {row["member"].patient.name: row for row in page.context["rows"]}
    assert set(rows) == {"孟兰", "孟小宝", "孟小贝"}
    assert [str(rows[name]["member"].kind) for name in ("孟小宝", "孟兰")] == ["", "mother"]
    assert (rows["孟小宝"]["member"].payer, rows["孟兰"]["member"].pays_for) == ("孟兰", ("孟小宝", "孟小贝"))
    assert all(row["member"].shares_phone for row in rows.values())
    assert rows["孟小宝"]["visit"]["text"].startswith("12-09 10:00")
    assert rows["孟小贝"]["visit"] is None
    assert page.context["strangers"] == [stranger]
    text = page.content.decode()
    assert f"/appointments/groups/new/?family={child.code}" in text
    assert PHONE not in text
    relative(mother, "孟小三")
    relative(mother, "孟小四")
    reader = browser("mo.xiao")  # sees files, may not change them
    with django_assert_max_num_queries(24):
        seen = reader.get(f"/patients/{child.code}/family/")
    assert (len(seen.context["rows"]), seen.context["may_edit"]) == (5, False)
    assert reader.post(f"/patients/{child.code}/family/", {"kind": "child", "name": "某"}).status_code == 403

    # Who has another phone is found by the family's one.
    father = relative(mother, "孟父", kind="spouse", sex="male", stated_age=36, shares_phone=False, phone="13900008888")
    assert sister in selectors.find_patients(PHONE)
    assert father in selectors.find_patients(PHONE)
    assert father in selectors.find_patients("1234")
    assert father not in selectors.find_patients("同号人")
    assert str(father.code) in browser(BAI).get(f"/search/?q={PHONE}", headers={"HX-Request": "true"}).content.decode()
