"""The keeping of files over the API: consents, paper charts, restriction, merging, export by two people, retention."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from kernel.parameters.actions import set_parameter
from services.charts.models import ChartPrint, ChartRelease, PulledChart, Transcription
from services.consents.models import Consent, ConsentTemplate, Disclosure, TemplateVersion
from services.patients.models import FileRestriction, Patient, PatientExport, PatientMerge, PatientRelation
from services.records.models import RetentionHold
from tests.services.doors import SYSTEM, api, statements
from tests.services.flow import booked, center, patient

BAI, REN, GAO, DOU, LIN = "bai.lan", "ren.tao", "gao.wen", "dou.heng", "dr.lin"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def codes_of(answer: Any, status: int) -> str:
    """The code of a problem document with this status."""
    assert answer.status_code == status, answer.content
    return str(answer.json()["code"])


def made(answer: Any) -> dict[str, Any]:
    """What an operation made."""
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


# --- consents and disclosures (CR-005) --------------------------------------------------------------------------------


def words(key: str) -> str:
    return str(TemplateVersion.objects.filter(template__key=key).order_by("-number").values_list("code", flat=True)[0])


def test_consents_are_given_and_withdrawn() -> None:
    who, desk = patient("陈雨"), api(BAI)
    url = f"/api/v1/consents/patients/{who.code}/"
    forms = {row["code"] for row in desk.get("/api/v1/consents/forms/").json()["results"]}
    assert words("treatment") in forms
    facts = {"site": str(center().code), "signed_version": words("treatment"), "signer": "patient"}
    assert codes_of(desk.post(url, facts), 422) == "identity_unchecked"
    assert codes_of(desk.post(url, facts | {"signed_version": str(uuid4()), "identity_checked": True}), 404)
    assert codes_of(api("fang.li").post(url, facts | {"identity_checked": True}), 403) == "permission_denied"
    assert not Consent.objects.exists()

    key = {"headers": {"Idempotency-Key": "consent-of-chen-yu"}}
    first = desk.post(url, facts | {"identity_checked": True}, **key)
    again = desk.post(url, facts | {"identity_checked": True}, **key)
    signed = made(first)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert Consent.objects.get().text_hash == signed["text_hash"]
    one = f"/api/v1/consents/{signed['code']}/"
    assert codes_of(desk.post(f"{one}withdraw/", {"words": "不再同意"}), 400) == "if_match_required"
    tag = desk.get(one).headers["ETag"]
    done = desk.post(f"{one}withdraw/", {"words": "不再同意"}, headers={"If-Match": tag})
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")
    assert codes_of(desk.post(f"{one}withdraw/", {}, headers={"If-Match": tag}), 412) == "stale_version"
    assert codes_of(desk.get(f"/api/v1/consents/{uuid4()}/"), 404) == "consent_not_found"


def test_the_guardian_of_the_file_signs_for_a_minor() -> None:
    child, mother, desk = patient("小宝", stated_age=9), patient("宝妈", stated_age=35), api(BAI)
    related = f"/api/v1/patients/{child.code}/relations/"
    facts = {"kind": "mother", "relative": str(mother.code), "is_guardian": True}
    assert codes_of(api("fang.li").post(related, facts), 403) == "permission_denied"
    relation = made(desk.post(related, facts))
    assert codes_of(desk.post(related, facts), 409) == "relation_exists"
    assert [row["code"] for row in desk.get(related).json()["results"]] == [relation["code"]]

    url = f"/api/v1/consents/patients/{child.code}/"
    take = {
        "site": str(center().code), "signed_version": words("treatment"), "signer": "guardian", "identity_checked": True,
    }  # fmt: skip
    stranger = patient("别人", stated_age=40)
    foreign = made(desk.post(f"/api/v1/patients/{stranger.code}/relations/", {"kind": "spouse", "name": "配偶"}))
    assert codes_of(desk.post(url, take | {"guardian": foreign["code"]}), 404) == "relation_not_found"
    assert made(desk.post(url, take | {"guardian": relation["code"]}))["signer_name"] == "宝妈"
    assert desk.delete(f"{related}{foreign['code']}/").status_code == 404
    assert desk.delete(f"{related}{relation['code']}/").status_code == 204
    assert not PatientRelation.objects.filter(patient=child).exists()


def test_words_of_a_form_are_published_by_whoever_saw_them() -> None:
    dean, template = api(DOU), ConsentTemplate.objects.get(key="photo")
    url = f"/api/v1/consents/templates/{template.code}/"
    assert api(BAI).get(url).status_code == 403
    tag = dean.get(url).headers["ETag"]
    assert codes_of(dean.post(f"{url}versions/", {"text": "新的内容"}), 400) == "if_match_required"
    assert made(dean.post(f"{url}versions/", {"text": "新的内容"}, headers={"If-Match": tag}))["number"] == 2
    assert codes_of(dean.post(f"{url}versions/", {"text": "又一版"}, headers={"If-Match": tag}), 412) == "stale_version"
    assert dean.get(f"{url}versions/").json()["count"] == 2
    fresh = {"key": "implant", "title": "种植知情同意书", "purpose": "treatment", "text": "内容"}
    assert made(dean.post("/api/v1/consents/templates/", fresh))["key"] == "implant"


@pytest.mark.ledger("CR-005")
def test_a_disclosure_stands_on_a_consent_or_a_lawful_reason() -> None:
    who, doctor = patient("陈雨"), api(LIN)
    url, here = f"/api/v1/consents/patients/{who.code}/disclosures/", str(center().code)
    tell = {"site": here, "recipient": "平安保险", "what": "病历摘要", "reason": "consent"}
    assert codes_of(doctor.post(url, tell), 422) == "disclosure_without_consent"
    assert codes_of(api(BAI).post(url, tell), 403) == "permission_denied"
    assert not Disclosure.objects.exists()
    take = {"site": here, "signed_version": words("disclosure"), "signer": "patient", "identity_checked": True}
    signed = made(doctor.post(f"/api/v1/consents/patients/{who.code}/", take))
    assert made(doctor.post(url, tell | {"consent": signed["code"]}))["consent"] == signed["code"]
    court = {**tell, "reason": "court", "words": "（2026）沪 0106 调 12 号"}
    assert made(doctor.post(url, court))["consent"] is None
    assert doctor.get(url).json()["count"] == 2
    one = statements(lambda: doctor.get("/api/v1/consents/disclosures/"))
    made(doctor.post(url, court | {"words": "（2026）沪 0106 调 13 号"}))
    assert statements(lambda: doctor.get("/api/v1/consents/disclosures/")) == one
    assert doctor.get("/api/v1/consents/disclosures/?reason=court").json()["count"] == 2


# --- paper charts (CR-007, CR-008) ------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-007", "CR-008")
def test_the_original_goes_out_on_the_supervisors_word_and_stays_in_a_dispute(monday: Any) -> None:
    song, desk, lead = patient("宋倩"), api(BAI), api(GAO)
    url, here = f"/api/v1/charts/patients/{song.code}/releases/", str(center().code)
    assert codes_of(desk.post(url, {"site": here, "kind": "original"}), 422) == "reason_required"
    assert codes_of(api("fang.li").post(url, {"site": here, "kind": "copy"}), 403) == "permission_denied"
    asked = made(desk.post(url, {"site": here, "kind": "original", "reason": "外院就诊"}))
    one = f"/api/v1/charts/releases/{asked['code']}/"
    give = {"receiver": "patient", "receiver_name": "宋倩", "identity_checked": True, "return_on": "2026-12-10"}
    assert codes_of(desk.post(f"{one}hand-out/", give), 403) == "consent_needed"
    assert codes_of(desk.post(f"{one}consent/"), 403) == "permission_denied"

    # The file is evidence while the dean holds it: nobody lets the original out.
    held = {"until": "2027-12-31", "reason": "医疗纠纷"}
    assert codes_of(lead.post(f"/api/v1/records/retention/{song.code}/holds/", held), 403) == "permission_denied"
    made(api(DOU).post(f"/api/v1/records/retention/{song.code}/holds/", held))
    set_parameter(by=SYSTEM, key="chart_original_in_dispute", value="never")
    assert codes_of(lead.post(f"{one}consent/"), 422) == "original_in_dispute"
    monday.advance(minutes=1)
    set_parameter(by=SYSTEM, key="chart_original_in_dispute", value="supervisor")
    assert lead.post(f"{one}consent/").json()["holds"] == ["retention_hold"]

    assert codes_of(desk.post(f"{one}hand-out/", give | {"identity_checked": False}), 422) == "identity_unchecked"
    assert desk.post(f"{one}hand-out/", give).json()["state"] == "handed_out"
    assert desk.post(f"{one}take-back/").json()["state"] == "returned"
    assert codes_of(desk.post(f"{one}take-back/"), 409) == "invalid_transition"
    assert ChartRelease.objects.get().handed_by_name == "白岚"
    assert codes_of(desk.get(f"/api/v1/charts/releases/{uuid4()}/"), 404) == "release_not_found"
    refused = made(desk.post(url, {"site": here, "kind": "original", "reason": "再借"}))
    said = {"words": "上次逾期"}
    assert lead.post(f"/api/v1/charts/releases/{refused['code']}/refuse/", said).json()["decision"] == "上次逾期"


def test_charts_are_pulled_printed_and_copied_under_a_stamp() -> None:
    who, desk, here = patient("陈雨"), api(BAI), str(center().code)
    visit = booked(who, "2026-12-07 15:00")
    pulled = f"/api/v1/charts/staging/{visit.code}/"
    assert desk.put(pulled).status_code == 204
    rows = desk.get(f"/api/v1/charts/staging/?site={here}&day=2026-12-07").json()["charts"]
    assert [row["pulled_by"] for row in rows if row["appointment"] == str(visit.code)] == ["白岚"]
    assert desk.delete(pulled).status_code == 204
    assert not PulledChart.objects.exists()
    assert codes_of(desk.put(f"/api/v1/charts/staging/{uuid4()}/"), 404) == "appointment_not_found"
    assert codes_of(desk.get("/api/v1/charts/staging/"), 400) == "site_required"
    assert desk.post("/api/v1/charts/blanks/", {"site": here, "count": 12}).json()["count"] == 12

    prints = f"/api/v1/charts/patients/{who.code}/prints/"
    line = {"site": here, "act": "print", "requester": "陈雨本人", "purpose": "patient"}
    assert codes_of(desk.post(prints, line), 422) == "pages_missing"
    made(desk.post(prints, line | {"pages": 4}))
    assert ChartPrint.objects.get().pages == 4
    assert desk.get("/api/v1/charts/prints/").json()["count"] == 1

    entry = made(desk.post(f"/api/v1/charts/patients/{who.code}/transcriptions/", {
        "site": here, "written_on": "2026-11-30", "text": "36 充填"}))  # fmt: skip
    one, seen = f"/api/v1/charts/transcriptions/{entry['code']}/", {"seen_hash": entry["text_hash"]}
    assert codes_of(desk.post(f"{one}verify/", seen), 403) == "own_entry"
    colleague = api(GAO)
    assert codes_of(colleague.post(f"{one}verify/", {"seen_hash": "0" * 64}), 409) == "text_changed"
    assert colleague.post(f"{one}differs/", seen | {"difference": "是 37"}).json()["state"] == "differs"
    put_right = desk.post(f"{one}again/", {"text": "37 充填"}).json()
    assert colleague.post(f"{one}verify/", {"seen_hash": put_right["text_hash"]}).json()["state"] == "verified"
    assert desk.post(f"{one}give-back/").json()["state"] == "returned"
    assert Transcription.objects.get().text == "37 充填"


# --- restriction, merge, export, retention ----------------------------------------------------------------------------


@pytest.mark.ledger("CR-006")
def test_a_file_is_restricted_opened_with_a_reason_and_freed() -> None:
    who, dean, doctor = patient("陈雨"), api(DOU), api(LIN)
    file = f"/api/v1/patients/{who.code}/"
    limit = {"until": "2026-12-31T18:00:00+08:00", "reason": "患者提出异议"}
    tag = dean.get(file).headers["ETag"]
    assert codes_of(doctor.post(f"{file}restrictions/", limit, headers={"If-Match": tag}), 403)
    assert codes_of(dean.post(f"{file}restrictions/", limit), 400) == "if_match_required"
    past = limit | {"until": "2026-12-07T10:00:00+08:00"}
    assert codes_of(dean.post(f"{file}restrictions/", past, headers={"If-Match": tag}), 422) == "until_in_the_past"
    made(dean.post(f"{file}restrictions/", limit, headers={"If-Match": tag}))
    assert codes_of(dean.post(f"{file}restrictions/", limit, headers={"If-Match": tag}), 412) == "stale_version"
    assert dean.get("/api/v1/patients/restrictions/").json()["count"] == 1

    for url in (file, f"/api/v1/consents/patients/{who.code}/", f"/api/v1/charts/patients/{who.code}/prints/"):
        client = dean if "charts" in url else doctor
        assert codes_of(client.get(url), 403) == "file_restricted"
    here = {"site": str(center().code)}
    assert codes_of(doctor.post(f"{file}exception/", here), 422) == "reason_missing"
    assert codes_of(api(BAI).post(f"{file}exception/", here | {"reason": "想看看"}), 403) == "permission_denied"
    assert codes_of(doctor.post(f"/api/v1/patients/{uuid4()}/exception/", here | {"reason": "x"}), 404)
    made(doctor.post(f"{file}exception/", here | {"reason": "急诊，昏迷"}))
    assert doctor.get(file).status_code == 200
    assert codes_of(dean.get(file), 403) == "file_restricted"
    assert codes_of(dean.post(f"{file}restrictions/lift/", {}), 422) == "reason_required"
    assert dean.post(f"{file}restrictions/lift/", {"reason": "异议已处理"}).status_code == 200
    assert dean.get(file).status_code == 200
    assert FileRestriction.objects.get().lifted_by_name == "窦恒"


@pytest.mark.ledger("CR-001")
def test_two_files_become_one_and_apart_again_over_the_api() -> None:
    kept, double, lead = patient("陈雨"), patient("陈雨"), api(GAO)
    url = f"/api/v1/patients/{kept.code}/merge/"
    tag = lead.get(f"/api/v1/patients/{kept.code}/").headers["ETag"]
    said = {"merged": str(double.code), "reason": "身份证一致"}
    assert codes_of(api(BAI).post(url, said, headers={"If-Match": tag}), 403) == "permission_denied"
    assert codes_of(lead.post(url, said), 400) == "if_match_required"
    assert codes_of(lead.post(url, said | {"merged": str(uuid4())}, headers={"If-Match": tag}), 404)
    assert codes_of(lead.post(url, said | {"reason": ""}, headers={"If-Match": tag}), 422) == "reason_required"
    assert not PatientMerge.objects.exists()
    merge = made(lead.post(url, said, headers={"If-Match": tag}))
    assert lead.get(f"/api/v1/patients/{double.code}/").json()["code"] == str(kept.code)
    third = patient("陈雨")
    late = said | {"merged": str(third.code)}
    assert codes_of(lead.post(url, late, headers={"If-Match": tag}), 412) == "stale_version"
    undo = f"/api/v1/patients/merges/{merge['code']}/undo/"
    assert lead.post(undo).json()["undone_by"] == "高文"
    assert codes_of(lead.post(undo), 409) == "already_undone"
    assert lead.get(f"/api/v1/patients/{double.code}/").json()["code"] == str(double.code)


@pytest.mark.ledger("CR-006")
def test_an_export_is_asked_for_by_one_and_released_by_another_over_the_api() -> None:
    who, lead, dean = patient("陈雨"), api(GAO), api(DOU)
    url = f"/api/v1/patients/{who.code}/exports/"
    assert codes_of(lead.post(url, {"purpose": "authority"}), 422) == "words_missing"
    assert codes_of(api(LIN).post(url, {"purpose": "patient"}), 403) == "permission_denied"
    asked = made(lead.post(url, {"purpose": "patient"}))
    assert "files" not in asked
    one = f"/api/v1/patients/exports/{asked['code']}/"
    assert codes_of(lead.post(f"{one}release/"), 403) == "export_own_request"
    assert codes_of(dean.post(f"/api/v1/patients/exports/{uuid4()}/release/"), 404) == "export_not_found"
    released = dean.post(f"{one}release/").json()
    assert (released["state"], len(released["files"])) == ("released", 2)
    file = released["files"][0]["code"]
    assert dean.get(f"/files/{file}/").status_code == 200
    assert api(BAI).get(f"/files/{file}/").status_code == 404
    assert codes_of(dean.post(f"{one}refuse/", {"refusal": "不必要"}), 409) == "invalid_transition"
    assert PatientExport.objects.get().decided_by_name == "窦恒"


@pytest.mark.ledger("CR-010")
def test_retention_is_read_and_lengthened_over_the_api(monday: Any) -> None:
    who, dean = Patient.objects.get(pk=patient("陈雨").pk), api(DOU)
    url = f"/api/v1/records/retention/{who.code}/"
    assert codes_of(api(BAI).get(url), 403) == "permission_denied"
    assert dean.get(url).json()["last_entry_on"] == "2026-12-07"
    until = dean.get(url).json()["keep_until"]
    assert codes_of(dean.post(f"{url}holds/", {"until": "2026-12-01", "reason": "x"}), 422) == "until_in_the_past"
    made(dean.post(f"{url}holds/", {"until": "2027-01-31", "reason": "纠纷"}))
    assert dean.get(url).json()["keep_until"] == until  # a hold never shortens
    made(dean.post(f"{url}holds/", {"until": "2090-01-31", "reason": "纠纷"}))
    assert dean.get(url).json()["keep_until"] == "2090-01-31"
    assert dean.get(f"{url}holds/").json()["count"] == RetentionHold.objects.count() == 2
    assert dean.get("/api/v1/records/retention/").json()["results"] == []
