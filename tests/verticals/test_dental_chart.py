"""Findings of teeth on the chart, helping doctors, and what lies ready for a specialist."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dental import actions, preparation, selectors
from dental.models import PreparationSet, ToothFinding, ToothTreatment
from dental.teeth import SURFACES, TEETH, sides
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.tenancy import TenantContext
from services.cashier.actions import SlipLine, issue_slip
from services.catalogue.models import Item
from services.patients.models import Patient
from tests.services.doors import api, browser, person, staff, statements
from tests.services.flow import center, patient


@pytest.fixture(autouse=True)
def monday(smile: TenantContext, at: Any) -> Any:
    at("2026-12-07 10:00")
    return at


def noted(who: Patient, kind: str, tooth: int = 36, surfaces: str = "", by: str = "dr.lin") -> ToothFinding:
    return actions.note_finding(
        by=person(by), site=center(), patient=who, author=staff("011"), tooth=tooth, kind=kind, surfaces=surfaces
    )


def sheet(**said: Any) -> dict[str, Any]:
    """The fields of the form as the page names them."""
    return {f"finding-{name}": value for name, value in said.items()}


def kinds(who: Patient, tooth: int = 36) -> list[str]:
    return [one.kind for one in selectors.findings_of_tooth(who, tooth)]


# --- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-010")
def test_findings_stand_until_the_tooth_is_sound_or_gone() -> None:
    han = patient("韩博")
    noted(han, "caries", surfaces="OM")
    noted(han, "mobile")
    assert kinds(han) == ["mobile", "caries"]
    noted(han, "sound")
    assert kinds(han) == []
    noted(han, "crown")
    noted(han, "missing")
    assert kinds(han) == ["missing"]
    with pytest.raises(RuleRefused) as refused:
        noted(han, "caries", surfaces="O")
    assert refused.value.code == "tooth_is_missing"
    noted(han, "implant")
    assert kinds(han) == ["implant"]
    noted(han, "crown")
    assert kinds(han) == ["crown", "implant"]
    assert ToothFinding.objects.filter(patient=han).count() == 7  # nothing is overwritten


@pytest.mark.ledger("DE-010")
def test_surfaces_belong_to_caries_fillings_and_fractures() -> None:
    han = patient("韩博")
    for kind, surfaces, code in (
        ("crown", "O", "finding_of_the_whole_tooth"),
        ("caries", "X", "unknown_surface"),
        ("hole", "", "unknown_finding"),
    ):
        with pytest.raises(RuleRefused) as refused:
            noted(han, kind, surfaces=surfaces)
        assert refused.value.code == code
    assert noted(han, "caries", surfaces="lom").surfaces == "MOL"


@pytest.mark.ledger("DE-010")
@pytest.mark.parametrize(
    "facts,constraint",
    [
        ({"tooth": 19}, "dental_finding_fdi"),
        ({"surfaces": "OM"}, "dental_finding_surfaces"),
        ({"kind": "crown", "surfaces": "O"}, "dental_finding_whole"),
        ({"kind": "hole"}, "dental_finding_known"),
    ],
)
def test_the_database_knows_teeth_surfaces_and_findings(facts: dict[str, Any], constraint: str) -> None:
    row = noted(patient("韩博"), "caries")
    known = {
        "patient": row.patient, "site": row.site, "author": row.author, "tooth": 36, "kind": "caries",
        "noted_at": row.noted_at,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ToothFinding.objects.create(**(known | facts))


@pytest.mark.ledger("DE-010")
def test_surfaces_of_a_treatment_are_checked_by_the_database_too() -> None:
    row = actions.record_tooth_treatment(
        by=person("dr.lin"), site=center(), patient=patient("韩博"), doctor=staff("011"),
        item=Item.objects.get(key="dental-filling"), tooth=36, surfaces="MO",
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="dental_tooth_surfaces"), transaction.atomic():
        ToothTreatment.objects.filter(pk=row.pk).update(surfaces="OM")


@pytest.mark.ledger("DE-010")
def test_the_helping_doctor_is_kept_and_is_another_one() -> None:
    han = patient("韩博")
    said = {"site": str(center().code), "item": str(Item.objects.get(key="dental-filling").code), "tooth": 36}
    dr_lin = api("dr.lin")
    path = f"/api/v1/dental/patients/{han.code}/teeth/"
    for number, code in (("011", "helper_is_the_doctor"), ("201", "helper_not_a_doctor")):
        refused = dr_lin.post(path, said | {"helper": str(staff(number).code)})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    made = dr_lin.post(path, said | {"helper": str(staff("014").code)})
    assert (made.status_code, made.json()["helper"]) == (201, str(staff("014").code))
    assert "赵医生" in browser("dr.lin").get(f"/dental/patients/{han.code}/").content.decode()


@pytest.mark.ledger("DE-010")
def test_every_surface_of_every_tooth_has_its_place_in_the_drawing() -> None:
    """Mesial looks to the middle line, buccal to the outside."""
    for tooth in TEETH:
        assert sorted(sides(tooth).values()) == ["down", "left", "middle", "right", "up"]
        assert set(sides(tooth)) == set(SURFACES)
    assert (sides(16)["M"], sides(26)["M"], sides(16)["B"], sides(46)["B"]) == ("right", "left", "up", "down")
    assert (sides(55)["M"], sides(75)["B"]) == ("right", "down")


@pytest.mark.ledger("DE-010")
@pytest.mark.parametrize("age,permanent,primary", [(4, False, True), (8, True, True), (30, True, False)])
def test_the_chart_shows_the_teeth_of_the_age(age: int, permanent: bool, primary: bool) -> None:
    """A tooth of the other dentition that has a finding is shown all the same."""
    who = patient("小韩", stated_age=age)
    web, path = browser("dr.lin"), f"/dental/patients/{who.code}/"

    def shows(tooth: int, query: str = "") -> bool:
        return f"?tooth={tooth}&amp;" in web.get(path + query).content.decode()

    assert (shows(11), shows(51)) == (permanent, primary)
    assert (shows(11, "?show=mixed"), shows(51, "?show=mixed")) == (True, True)
    noted(who, "caries", tooth=75)
    assert shows(75)


@pytest.mark.ledger("DE-010", "CR-006")
def test_the_page_notes_a_finding_and_refuses_with_the_sentence() -> None:
    han = patient("韩博")
    web, path = browser("dr.lin"), f"/dental/patients/{han.code}/findings/"
    assert web.post(path, sheet(tooth=36, kind="caries", surfaces=["O", "M"])).status_code == 303
    page = web.get(f"/dental/patients/{han.code}/?go=36").content.decode()
    assert 'aria-current="true"' in page
    assert page.count('class="is-caries"') >= 2
    refused = web.post(path, sheet(tooth=36, kind="crown", surfaces=["O"]))
    assert refused.status_code == 422
    assert web.post(path, sheet(tooth=19, kind="crown")).status_code == 422
    assert ToothFinding.objects.count() == 1
    assert browser("mo.xiao").post(path, sheet(tooth=36, kind="crown")).status_code == 403


def test_a_full_mouth_costs_as_many_statements_as_one_tooth() -> None:
    han = patient("韩博")
    noted(han, "caries")
    web = browser("dr.lin")
    few = statements(lambda: web.get(f"/dental/patients/{han.code}/"))
    for tooth in sorted(TEETH):
        noted(han, "mobile", tooth=tooth)
    assert statements(lambda: web.get(f"/dental/patients/{han.code}/")) <= few


@pytest.mark.ledger("DE-010")
def test_the_api_notes_and_lists_findings_by_tooth() -> None:
    han = patient("韩博")
    path = f"/api/v1/dental/patients/{han.code}/findings/"
    said = {"site": str(center().code), "tooth": 36, "kind": "caries", "surfaces": ["O"]}
    dr_lin = api("dr.lin")
    assert dr_lin.post(path, said).status_code == 201
    assert dr_lin.post(path, said | {"tooth": 46}).status_code == 201
    assert [row["tooth"] for row in dr_lin.get(path, {"tooth": 46}).json()["results"]] == [46]
    assert dr_lin.post(path, said | {"tooth": 19}).json()["code"] == "unknown_tooth"
    assert api("mo.xiao").post(path, said).status_code == 403
    assert api("bai.lan").get(path).status_code == 403


# --- what lies ready for a specialist ---------------------------------------------------------------------------------


def started(who: Patient, kind: str = "implant", by: str = "mo.xiao") -> PreparationSet:
    return preparation.start_preparation(by=person(by), site=center(), patient=who, kind=kind, specialist=staff("023"))


@pytest.mark.parametrize(
    "kind,items",
    [
        pytest.param("implant", 4, marks=pytest.mark.ledger("DE-011")),
        pytest.param("orthodontic", 8, marks=pytest.mark.ledger("DE-012")),
    ],
)
def test_each_missing_item_blocks_prepared(kind: str, items: int) -> None:
    row = started(patient("韩博"), kind)
    wanted = preparation.LISTS[kind]
    assert len(wanted) == items
    for left in range(len(wanted), 0, -1):
        with pytest.raises(RuleRefused) as refused:
            preparation.mark_prepared(by=person("mo.xiao"), preparation=row)
        assert refused.value.code == "preparation_incomplete"
        assert refused.value.facts["missing"] == list(wanted[-left:])
        preparation.tick(by=person("mo.xiao"), preparation=row, item=wanted[-left])
    assert preparation.mark_prepared(by=person("mo.xiao"), preparation=row).state == "prepared"


@pytest.mark.ledger("DE-012")
def test_what_turns_out_to_be_missing_opens_the_list_again() -> None:
    row = started(patient("韩博"), "orthodontic")
    for item in preparation.LISTS["orthodontic"]:
        preparation.tick(by=person("mo.xiao"), preparation=row, item=item)
    preparation.mark_prepared(by=person("mo.xiao"), preparation=row)
    again = preparation.tick(by=person("dr.lin"), preparation=row, item="lateral", there=False)
    assert again.state == "open"
    lines = {line.item: line.tick for line in selectors.list_lines(again)}
    assert lines["lateral"] is None
    assert lines["panoramic"].by_name == "莫晓"
    assert again.ticks.count() == 9  # the ticks stay readable


def test_one_open_list_of_a_kind_and_only_its_own_items() -> None:
    han = patient("韩博")
    row = started(han)
    with pytest.raises(Conflict) as twice:
        started(han)
    assert twice.value.code == "preparation_running"
    with pytest.raises(RuleRefused) as foreign:
        preparation.tick(by=person("mo.xiao"), preparation=row, item="lateral")
    assert foreign.value.code == "not_on_the_list"
    with pytest.raises(Forbidden):
        started(patient("何静"), by="bai.lan")
    with pytest.raises(IntegrityError, match="dental_preparation_once"), transaction.atomic():
        PreparationSet.objects.create(
            patient=han, site=center(), kind="implant", specialist=staff("023"), opened_at=row.opened_at
        )
    preparation.withdraw_preparation(by=person("mo.xiao"), preparation=row, reason="改做桥")
    with pytest.raises(Conflict) as over:
        preparation.tick(by=person("mo.xiao"), preparation=row, item="plan")
    assert over.value.code == "preparation_over"
    assert started(han).state == "open"


@pytest.mark.ledger("DE-011")
def test_page_and_api_tick_the_list() -> None:
    han = patient("韩博")
    web, client = browser("mo.xiao"), api("mo.xiao")
    path = f"/dental/patients/{han.code}/preparations/"
    assert web.post(path, {"kind": "implant", "specialist": str(staff("023").code)}).status_code == 303
    assert web.post(path, {"kind": "implant", "specialist": str(staff("023").code)}).status_code == 409
    row = PreparationSet.objects.get()
    acts = f"/dental/preparations/{row.code}/"
    assert web.post(f"{acts}tick/", {"item": "full_exam"}).status_code == 303
    assert web.post(f"{acts}prepared/").status_code == 422
    assert web.post(f"{acts}withdraw/", {"reason": ""}).status_code == 422
    assert web.get(path).status_code == 200
    api_path = f"/api/v1/dental/preparations/{row.code}/"
    refused = client.post(f"{api_path}prepared/")
    assert (refused.status_code, refused.json()["code"]) == (422, "preparation_incomplete")
    for item in ("record", "panoramic", "plan"):
        assert client.post(f"{api_path}tick/", {"item": item}).status_code == 200
    assert client.post(f"{api_path}prepared/").json()["state"] == "prepared"
    listed = client.get(f"/api/v1/dental/patients/{han.code}/preparations/").json()["results"]
    assert [one["there"] for one in listed[0]["items"]] == [True] * 4


# --- the price list ---------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-015")
def test_the_price_list_has_an_examination_that_costs_nothing() -> None:
    free = Item.objects.get(key="dental-free-exam")
    assert (free.price_fen, free.vertical) == (0, "dental")
    slip = issue_slip(
        by=person("dr.lin"), site=center(), patient=patient("韩博"), doctor=staff("011"), lines=[SlipLine(item=free)]
    )
    assert slip.lines.get().amount_fen == 0
