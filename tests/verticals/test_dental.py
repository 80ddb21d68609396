"""Teeth: what was done to which one, until when it is guaranteed, and the redo that costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dental import actions, selectors
from dental.models import ToothTreatment
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.ids import uuid7
from kernel.parameters.actions import set_parameter
from kernel.tenancy import TenantContext
from services.cashier.models import ChargeSlip
from services.catalogue.actions import ensure_item
from services.catalogue.models import Item
from services.patients.models import Patient
from services.records.actions import void_treatment
from services.records.models import Treatment
from tests.services.doors import SYSTEM, api, browser, person, staff
from tests.services.flow import center, local, patient

LEAP_DAY, LAST_DAY = "2028-02-29", "2029-02-28"


@pytest.fixture(autouse=True)
def leap_day(smile: TenantContext, at: Any) -> Any:
    """The clinic on 29 February 2028, ten o'clock."""
    at(f"{LEAP_DAY} 10:00")
    return at


def item(key: str = "dental-filling") -> Item:
    return Item.objects.get(key=key)


def filled(who: Patient, tooth: int = 36, by: str = "dr.lin", **facts: Any) -> ToothTreatment:
    """What Dr Lin did to a tooth just now."""
    known = {"site": center(), "doctor": staff("011"), "item": item(), "surfaces": ["O", "M"]}
    return actions.record_tooth_treatment(by=person(by), patient=who, tooth=tooth, **(known | facts))


def redo(row: ToothTreatment, by: str = "dr.lin", doctor: str = "011") -> tuple[ToothTreatment, ChargeSlip]:
    return actions.redo_under_warranty(by=person(by), site=center(), original=row, doctor=staff(doctor))


def refusals(code: str) -> int:
    """How many refusals with this code the audit holds."""
    return AuditEntry.objects.filter(verb="refused", data__code=code).count()


def recording(who: Patient, **said: Any) -> dict[str, Any]:
    known = {"site": str(center().code), "item": str(item().code), "tooth": 36, "surfaces": ["O", "M"]}
    return known | said


# --- the guarantee ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-009", "DE-010")
@pytest.mark.parametrize(
    "day,valid,original_doctor_first",
    [
        (LEAP_DAY, True, True),
        (LAST_DAY, True, True),  # the anniversary of a leap day is the last of February, and "within" includes it
        ("2029-03-01", False, True),
        ("2029-03-30", False, True),
        ("2029-03-31", False, False),
    ],
)
def test_the_guarantee_on_a_leap_day_ends_with_february(
    leap_day: Any, day: str, valid: bool, original_doctor_first: bool
) -> None:
    """SC-05: Dr Lin filled tooth 36 of Han Bo on 2028-02-29."""
    han = patient("韩博")
    row = filled(han)
    assert (row.tooth, row.surfaces, row.performed_on, row.warranty_until) == (
        36, "MO", date(2028, 2, 29), date(2029, 2, 28),
    )  # fmt: skip

    leap_day(f"{day} 09:00")
    asked = {"tooth": 36, "item": str(item().code)}
    answer = api("dr.lin").get(f"/api/v1/dental/patients/{han.code}/warranty/", asked)

    assert answer.status_code == 200
    assert answer.json() == {
        "original": str(row.code),
        "valid": valid,
        "until": "2029-02-28",
        "original_doctor": str(staff("011").code),
        "original_doctor_first": original_doctor_first,
        "original_doctor_until": "2029-03-30",
    }


@pytest.mark.ledger("DE-009", "CA-045")
def test_a_redo_within_the_year_is_free_and_names_its_original(leap_day: Any) -> None:
    """Given the filling of SC-05; at the last second of the guarantee the redo costs nothing, a second later it is refused."""
    han = patient("韩博")
    row = filled(han)
    leap_day(f"{LAST_DAY} 23:59:59")
    dr_lin = api("dr.lin")

    answer = dr_lin.post(f"/api/v1/dental/treatments/{row.code}/redo/", {"site": str(center().code)})

    assert answer.status_code == 201, answer.content
    done = ToothTreatment.objects.get(code=answer.json()["treatment"]["code"])
    slip = ChargeSlip.objects.get(code=answer.json()["slip"])
    assert (done.redo_of, done.tooth, done.surfaces) == (row, 36, "MO")
    assert done.warranty_until == row.warranty_until  # a redo begins no new guarantee
    line = slip.lines.get()
    assert (line.amount_fen, line.zero_reason, line.unit_price_fen, slip.patient) == (0, "warranty", 42_000, han)

    leap_day("2029-03-01 00:00:00")
    refused = dr_lin.post(f"/api/v1/dental/treatments/{row.code}/redo/", {"site": str(center().code)})
    assert (refused.status_code, refused.json()["code"]) == (422, "warranty_over")
    assert "2029-03-30" in refused.json()["detail"]
    assert refusals("warranty_over") == 1
    assert (ToothTreatment.objects.count(), ChargeSlip.objects.count()) == (2, 1)


@pytest.mark.ledger("DE-009")
def test_each_treatment_has_its_own_guarantee(leap_day: Any) -> None:
    """A newer filling of the same tooth lends nothing to the older one, and a redo leads back to the first treatment."""
    han = patient("韩博")
    first = filled(han)
    leap_day("2029-03-10 10:00")
    second = filled(han)

    with pytest.raises(RuleRefused) as refused:
        redo(first)
    assert refused.value.code == "warranty_over"
    done, _slip = redo(second)
    again, _slip = redo(done)
    assert (done.redo_of, again.redo_of, again.warranty_until) == (second, second, date(2030, 3, 10))


@pytest.mark.ledger("DE-009", "CR-010")
def test_what_was_struck_through_guarantees_nothing(leap_day: Any) -> None:
    han = patient("韩博")
    row = filled(han)
    void_treatment(by=person("dr.lin"), treatment=row.treatment, reason="wrong patient")

    assert selectors.find_warranty(han, 36, item(), date(2028, 3, 1)) is None
    row.refresh_from_db()
    with pytest.raises(Conflict) as refused:
        redo(row)
    assert refused.value.code == "treatment_voided"
    chart = selectors.chart(selectors.history(person("dr.lin"), han))
    assert not any(tooth.treated for line in chart for tooth in line)
    page = browser("dr.lin").get(f"/dental/patients/{han.code}/").content.decode()
    assert "/redo/" not in page


@pytest.mark.ledger("DE-009", "PL-006")
def test_the_length_counts_as_it_was_on_the_day_of_the_treatment(leap_day: Any) -> None:
    before, after = patient("前"), patient("后")
    old = filled(before)
    set_parameter(by=SYSTEM, key="warranty_months", value=6, effective_from=local("2028-03-01 00:00"))
    leap_day("2028-03-01 09:00")
    new = filled(after)
    late_entry = filled(before, tooth=37, performed_at=local(f"{LEAP_DAY} 17:00"))

    assert old.warranty_until == late_entry.warranty_until == date(2029, 2, 28)
    assert new.warranty_until == date(2028, 9, 1)


def test_the_day_is_that_of_the_clinic_and_the_future_is_refused(leap_day: Any) -> None:
    """Half past midnight in Shanghai is still the 28th in UTC."""
    row = filled(patient("夜"), performed_at=local(f"{LEAP_DAY} 00:30"))
    assert row.performed_on == date(2028, 2, 29)
    with pytest.raises(RuleRefused) as refused:
        filled(patient("早"), performed_at=local(f"{LEAP_DAY} 10:01"))
    assert refused.value.code == "performed_in_future"
    assert refusals("performed_in_future") == 1


# --- teeth ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-010")
@pytest.mark.parametrize("tooth", [11, 18, 21, 28, 31, 38, 41, 48, 51, 55, 61, 65, 71, 75, 81, 85])
def test_teeth_of_the_notation_are_recorded(tooth: int) -> None:
    assert filled(patient("韩博"), tooth=tooth).tooth == tooth


@pytest.mark.ledger("DE-010")
@pytest.mark.parametrize("tooth", [19, 20, 29, 39, 49, 50, 56, 66, 86])
def test_teeth_that_do_not_exist_are_refused_by_action_page_and_database(tooth: int) -> None:
    han = patient("韩博")
    with pytest.raises(RuleRefused) as refused:
        filled(han, tooth=tooth)
    assert refused.value.code == "unknown_tooth"
    page = browser("dr.lin").post(f"/dental/patients/{han.code}/", {"tooth": tooth, "item": str(item().code)})
    assert page.status_code == 422
    assert not Treatment.objects.exists()
    row = filled(han)
    with pytest.raises(IntegrityError, match="dental_tooth_fdi"), transaction.atomic():
        ToothTreatment.objects.filter(pk=row.pk).update(tooth=tooth)


def test_what_is_not_done_to_teeth_is_refused() -> None:
    foreign = ensure_item(
        by=SYSTEM, key="of-another-house", name_zh="他科", category="treatment", vertical="elsewhere", price_fen=100
    )
    han = patient("韩博")
    with pytest.raises(RuleRefused) as refused:
        filled(han, item=foreign)
    assert refused.value.code == "item_of_another_vertical"
    with pytest.raises(RuleRefused) as surface:
        filled(han, surfaces=["X"])
    assert surface.value.code == "unknown_surface"
    with pytest.raises(RuleRefused) as other:
        filled(han, tooth=46, redo_of=filled(han))
    assert other.value.code == "redo_of_another_tooth"


# --- page and API -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-010", "CR-006")
def test_the_page_records_shows_and_logs_the_look(leap_day: Any) -> None:
    han = patient("韩博")
    web = browser("dr.lin")
    path = f"/dental/patients/{han.code}/"

    posted = web.post(path, {"tooth": 36, "surfaces": ["O", "M"], "item": str(item().code)})
    assert (posted.status_code, posted.headers["Location"]) == (303, path)
    row = ToothTreatment.objects.get()
    assert (row.treatment.doctor, row.treatment.site, row.surfaces) == (staff("011"), center(), "MO")
    page = web.get(path).content.decode()
    assert "2029-02-28" in page
    assert f"/dental/treatments/{row.code}/redo/" in page
    looked = AuditEntry.objects.filter(verb="read", target_code=han.code, actor_name="dr.lin")
    assert looked.filter(data__part="teeth").exists()

    again = web.post(f"/dental/treatments/{row.code}/redo/")
    assert again.status_code == 303
    assert ToothTreatment.objects.filter(redo_of=row).count() == 1

    leap_day("2029-03-01 09:00")
    later = browser("dr.lin")
    assert f"/dental/treatments/{row.code}/redo/" not in later.get(path).content.decode()
    assert later.post(f"/dental/treatments/{row.code}/redo/").status_code == 422


@pytest.mark.ledger("DE-010")
def test_the_api_records_and_lists_by_tooth() -> None:
    han = patient("韩博")
    dr_lin = api("dr.lin")
    path = f"/api/v1/dental/patients/{han.code}/teeth/"

    made = dr_lin.post(path, recording(han))
    assert made.status_code == 201, made.content
    assert dr_lin.post(path, recording(han, tooth=46)).status_code == 201
    listed = dr_lin.get(path, {"tooth": 36}).json()
    assert [row["code"] for row in listed["results"]] == [made.json()["code"]]
    for said, status, code in (
        (recording(han, tooth=19), 422, "unknown_tooth"),
        (recording(han, tooth=99), 400, "validation_error"),
        (recording(han, surfaces=["X"]), 400, "validation_error"),
        (recording(han, doctor=str(staff("020").code)), 400, "validation_error"),
        (recording(han, item=str(uuid7())), 404, "item_not_found"),
        (recording(han, site=str(uuid7())), 404, "site_not_found"),
    ):
        refused = dr_lin.post(path, said)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert ToothTreatment.objects.count() == 2


@pytest.mark.parametrize(
    "username,may_see,may_treat",
    [
        ("dr.lin", 200, 201),
        ("mo.xiao", 200, 403),
        ("ye.fan", 200, 403),
        ("gao.wen", 200, 403),
        ("bai.lan", 403, 403),
        ("fang.li", 403, 403),
        (None, 401, 401),
    ],
)
def test_who_may_see_and_who_may_treat(username: str | None, may_see: int, may_treat: int) -> None:
    han = patient("韩博")
    client = api(username)
    path = f"/api/v1/dental/patients/{han.code}/teeth/"
    assert client.get(path).status_code == may_see
    assert client.post(path, recording(han)).status_code == may_treat
    row = filled(han)
    answer = client.post(f"/api/v1/dental/treatments/{row.code}/redo/", {"site": str(center().code)})
    assert answer.status_code == may_treat

    web = browser(username)
    page = web.get(f"/dental/patients/{han.code}/")
    assert page.status_code == (302 if username is None else may_see)
    if may_see == 200:
        assert (f"/dental/treatments/{row.code}/redo/" in page.content.decode()) == (may_treat == 201)


def test_refusals_of_actions_are_written_to_the_audit() -> None:
    """A nurse may not record, and a supervisor of doctors who is none himself records nothing."""
    han = patient("韩博")
    with pytest.raises(Forbidden):
        filled(han, by="mo.xiao")
    assert refusals("permission_denied") == 1
    answer = api("qin.yu").post(f"/api/v1/dental/patients/{han.code}/teeth/", recording(han))
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_doctor")
    assert refusals("not_a_doctor") == 1
    assert not Treatment.objects.exists()


def test_a_doctor_of_another_site_does_not_treat_here() -> None:
    """Dr Ding works at the harbour: the center's patient is known to her, its chairs are not."""
    han = patient("韩博")
    path = f"/api/v1/dental/patients/{han.code}/teeth/"
    answer = api("dr.ding").post(path, recording(han))
    assert (answer.status_code, answer.json()["code"]) == (404, "site_not_found")
    with pytest.raises(Forbidden):
        filled(han, by="dr.ding", doctor=staff("031"))


# --- borders ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("PL-001")
def test_codes_of_another_tenant_are_not_found(
    smile: TenantContext, working_for: Callable[[str], AbstractContextManager[TenantContext]]
) -> None:
    row = filled(patient("韩博"))
    with working_for("willow"):
        from services.sites.models import Site

        foreign = patient("别家", site=Site.objects.get(slug="river"))
    dr_lin, web = api("dr.lin"), browser("dr.lin")
    asked = {"tooth": 36, "item": str(item().code)}

    for path in (f"/api/v1/dental/patients/{foreign.code}/teeth/", f"/api/v1/dental/patients/{foreign.code}/warranty/"):
        answer = dr_lin.get(path, asked if "warranty" in path else {})
        assert (answer.status_code, answer.json()["code"]) == (404, "patient_not_found")
    assert web.get(f"/dental/patients/{foreign.code}/").status_code == 404
    assert dr_lin.post(f"/api/v1/dental/treatments/{uuid7()}/redo/", {"site": str(center().code)}).status_code == 404
    assert web.post(f"/dental/treatments/{uuid7()}/redo/").status_code == 404
    assert ToothTreatment.objects.get() == row


@pytest.mark.ledger("PL-002")
def test_where_the_vertical_is_off_it_leaves_no_trace(
    leap_day: Any, working_for: Callable[[str], AbstractContextManager[TenantContext]]
) -> None:
    """The dermatology hospital of the same chain knows nothing of teeth; the dental clinic's own page shows them."""
    han = patient("韩博")
    assert f"/dental/patients/{han.code}/" in browser("dr.lin").get(f"/patients/{han.code}/").content.decode()
    with working_for("derma"):
        from services.sites.models import Site

        who = patient("别家", site=Site.objects.get(slug="main"))
        web, client = browser("dr.cen"), api("dr.cen")
        assert web.get(f"/dental/patients/{who.code}/").status_code == 404
        assert client.get(f"/api/v1/dental/patients/{who.code}/teeth/").status_code == 404
        page = web.get(f"/patients/{who.code}/")
        assert page.status_code == 200
        assert "dental" not in page.content.decode()
