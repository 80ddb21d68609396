"""What does not leave the house: documents with their readers, agreements, devices that hold data, repeated education."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, NotFound, RuleRefused
from services.confidentiality import actions, selectors
from services.confidentiality.handlers import remind
from services.confidentiality.models import (
    Agreement,
    AgreementText,
    CompanyDocument,
    Device,
    DeviceCheck,
    DocumentAccess,
    Education,
)
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import center

BAI, FANG, LIN, GAO, DOU = "bai.lan", "fang.li", "dr.lin", "gao.wen", "dou.heng"
URL = "/api/v1/confidentiality/"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def published(**facts: Any) -> CompanyDocument:
    known = {"title": "价格政策", "kind": "secret", "text": "底价不得外传", "audience": ["front_desk"]}
    return actions.publish_document(by=person(DOU), **(known | facts))


def code_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    return str(answer.json()["code"])


def due(kind: str) -> list[str]:
    """For whom or what reminders of ``kind`` are open."""
    return sorted(Task.objects.filter(kind=kind, state="open").values_list("args__name", flat=True))


# --- documents (CR-016) -----------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-016")
def test_a_document_is_found_by_its_readers_only_and_every_look_is_kept() -> None:
    document = published()
    page = f"/confidentiality/documents/{document.code}/"
    shown = browser(BAI).get(page)
    assert "底价不得外传" in shown.content.decode()
    # The reader's name stands across the page: a photograph of it tells where it came from.
    assert "data-watermark" in shown.content.decode()
    assert "白岚 bai.lan 2026-12-07 10:05" in shown.content.decode()
    for stranger in (FANG, LIN):
        assert browser(stranger).get(page).status_code == 404
        assert code_of(api(stranger).post(f"{URL}documents/{document.code}/open/"), 404) == "document_not_found"
        assert "价格政策" not in browser(stranger).get("/confidentiality/").content.decode()
    opened = api(BAI).post(f"{URL}documents/{document.code}/open/").json()
    assert (opened["text"], opened["mark"]) == ("底价不得外传", "白岚 bai.lan 2026-12-07 10:05")
    assert "text" not in api(BAI).get(f"{URL}documents/").json()["results"][0]

    log = api(DOU).get(f"{URL}documents/{document.code}/accesses/").json()["results"]
    assert [(row["act"], row["by"]) for row in log] == [("opened", "白岚"), ("opened", "白岚")]
    assert api(BAI).get(f"{URL}documents/{document.code}/accesses/").status_code == 403
    assert AuditEntry.objects.filter(verb="read", target_code=document.code).count() == 2
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        DocumentAccess.objects.update(by_name="x")


@pytest.mark.ledger("CR-016")
def test_only_what_may_be_taken_along_is_and_it_bears_the_name() -> None:
    kept, free = published(), published(title="接待规范", kind="rules", may_download=True)
    desk = browser(BAI)
    assert desk.post(f"/confidentiality/documents/{kept.code}/file/").status_code == 422
    assert browser(FANG).post(f"/confidentiality/documents/{free.code}/file/").status_code == 404
    assert not DocumentAccess.objects.exists()
    file = desk.post(f"/confidentiality/documents/{free.code}/file/")
    assert (file.status_code, file.content[:5], file["Content-Type"]) == (200, b"%PDF-", "application/pdf")
    assert DocumentAccess.objects.get().act == "downloaded"
    # The same words in other hands are another file: the mark is part of every page.
    assert file.content != actions.download_document(by=person(DOU), document=free)


@pytest.mark.ledger("CR-016")
def test_other_words_and_readers_are_set_by_whoever_saw_the_last_ones() -> None:
    document = published()
    one = f"{URL}documents/{document.code}/"
    said = {"text": "新底价", "audience": ["cashier"]}
    assert api(GAO).patch(one, said).status_code == 403
    dean = api(DOU)
    tag = dean.get(one).headers["ETag"]
    assert code_of(dean.patch(one, said), 400) == "if_match_required"
    assert code_of(dean.patch(one, said | {"audience": []}, headers={"If-Match": tag}), 422) == "audience_missing"
    assert dean.patch(one, said, headers={"If-Match": tag}).status_code == 200
    assert code_of(dean.patch(one, said, headers={"If-Match": tag}), 412) == "stale_version"
    with pytest.raises(NotFound):  # whoever had the page open no longer belongs to the readers
        actions.open_document(by=person(BAI), document=document)
    assert api(FANG).post(f"{one}open/").json()["text"] == "新底价"
    assert dean.delete(one).status_code == 204
    assert api(FANG).post(f"{one}open/").status_code == 404
    assert DocumentAccess.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM confidentiality_companydocument")
        assert "底价" not in cursor.fetchone()[0]


def test_documents_are_published_from_the_page() -> None:
    dean, url = browser(DOU), "/confidentiality/documents/new/"
    assert browser(GAO).get(url).status_code == 403
    assert dean.post(url, {"title": "话术", "kind": "training", "text": "内容"}).status_code == 422
    made = dean.post(url, {"title": "话术", "kind": "training", "text": "内容", "audience": ["phone_agent"]})
    assert made.status_code == 303
    document = CompanyDocument.objects.get()
    edit = f"/confidentiality/documents/{document.code}/edit/"
    facts = {"text": "别的", "audience": ["phone_agent"], "may_download": "on", "version": document.version}
    assert dean.post(edit, facts).status_code == 303
    assert dean.post(edit, facts).status_code == 422
    assert dean.post(f"/confidentiality/documents/{document.code}/withdraw/").status_code == 303
    assert dean.get(f"/confidentiality/documents/{document.code}/").status_code == 404


# --- agreements (CR-017) ----------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-017")
def test_an_agreement_keeps_its_words_and_counts_for_its_time(monday: Any) -> None:
    words = selectors.current_text()
    assert words is not None
    assert "保密" in words.text
    bai, keeper = staff("102"), api(GAO)
    facts = {"staff": str(bai.code), "text_signed": str(words.code)}
    assert api(BAI).post(f"{URL}agreements/", facts).status_code == 403
    assert code_of(keeper.post(f"{URL}agreements/", facts | {"staff": str(uuid4())}), 404) == "staff_not_found"
    future = facts | {"signed_on": "2026-12-08"}
    assert code_of(keeper.post(f"{URL}agreements/", future), 422) == "signed_in_future"
    own = facts | {"staff": str(staff("105").code)}
    assert code_of(keeper.post(f"{URL}agreements/", own), 422) == "own_agreement"
    assert selectors.agreement_on(bai, date(2026, 12, 7)) is None
    signed = keeper.post(f"{URL}agreements/", facts).json()
    assert (signed["signed_on"], signed["valid_until"]) == ("2026-12-07", "2027-12-06")
    assert selectors.agreement_on(bai, date(2027, 12, 6)) is not None
    assert selectors.agreement_on(bai, date(2027, 12, 7)) is None
    assert selectors.agreement_on(bai, date(2026, 12, 6)) is None

    # Other words: what was signed keeps its own, and nobody signs the old ones any more.
    assert keeper.post(f"{URL}agreements/texts/", {"text": "新版"}).status_code == 403
    assert api(DOU).post(f"{URL}agreements/texts/", {"text": "新版"}).json()["number"] == words.number + 1
    assert code_of(keeper.post(f"{URL}agreements/", facts), 422) == "version_outdated"
    assert Agreement.objects.get().text_hash == words.text_hash
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        AgreementText.objects.filter(pk=words.pk).update(text="改")

    one = f"{URL}agreements/{signed['code']}/"
    tag = keeper.get(one).headers["ETag"]
    assert code_of(keeper.post(f"{one}end/", {}, headers={"If-Match": tag}), 422) == "reason_required"
    monday("2026-12-20 09:00")
    assert keeper.post(f"{one}end/", {"reason": "离职"}, headers={"If-Match": tag}).json()["ended_on"] == "2026-12-19"
    assert selectors.agreement_on(bai, date(2026, 12, 19)) is not None
    assert selectors.agreement_on(bai, date(2026, 12, 20)) is None
    with pytest.raises(Conflict):
        actions.end_agreement(by=person(GAO), agreement=Agreement.objects.get(), reason="x")


@pytest.mark.ledger("CR-017")
def test_renewal_is_asked_for_before_the_end(monday: Any) -> None:
    desk, words = browser(GAO), selectors.current_text()
    assert desk.post("/confidentiality/agreements/", {"staff": str(staff("102").code)}).status_code == 303
    assert "未签" not in desk.get("/confidentiality/agreements/").content.decode().split("白岚")[1][:120]
    remind(date(2027, 11, 5))
    assert due(actions.AGREE) == []
    monday("2027-11-06 06:10")
    remind(date(2027, 11, 6))
    remind(date(2027, 11, 6))
    assert due(actions.AGREE) == ["白岚"]
    assert "supervisor" in Task.objects.get(kind=actions.AGREE).roles
    assert words is not None
    actions.sign_agreement(by=person(GAO), staff=staff("102"), text_signed=words)
    assert due(actions.AGREE) == []
    one = statements(lambda: desk.get("/confidentiality/agreements/"))
    for number in ("103", "104"):
        actions.sign_agreement(by=person(DOU), staff=staff(number), text_signed=words)
    assert statements(lambda: desk.get("/confidentiality/agreements/")) == one


# --- devices (CR-018) -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-018")
def test_what_is_not_encrypted_is_registered_and_not_used() -> None:
    keeper = api(GAO)
    facts = {
        "site": str(center().code), "kind": "computer", "label": "前台电脑 1", "serial": "PF3K2A7",
        "holder": str(staff("102").code), "encryption": "open",
    }  # fmt: skip
    assert api(BAI).post(f"{URL}devices/", facts).status_code == 403
    assert code_of(keeper.post(f"{URL}devices/", facts | {"site": str(uuid4())}), 404) == "site_not_found"
    device = keeper.post(f"{URL}devices/", facts).json()
    assert (device["state"], device["check_due_on"]) == ("blocked", "2027-03-07")
    assert code_of(keeper.post(f"{URL}devices/", facts), 409) == "device_registered"
    one = f"{URL}devices/{device['code']}/"
    tag = {"If-Match": keeper.get(one).headers["ETag"]}
    look = {"holder": str(staff("102").code), "encryption": "open", "state": "in_use"}
    assert code_of(keeper.post(f"{one}check/", look, headers=tag), 422) == "device_not_encrypted"
    with pytest.raises(IntegrityError, match="confidentiality_in_use_encrypted"), transaction.atomic():
        Device.objects.update(state="in_use")
    fine = look | {"encryption": "encrypted", "holder": str(staff("103").code)}
    assert keeper.post(f"{one}check/", fine, headers=tag).json()["state"] == "in_use"
    assert code_of(keeper.post(f"{one}check/", fine, headers=tag), 412) == "stale_version"
    assert list(DeviceCheck.objects.values_list("encryption", "holder_name")) == [
        ("encrypted", "任涛"),
        ("open", "白岚"),
    ]
    assert code_of(keeper.get(f"{URL}devices/{uuid4()}/"), 404) == "device_not_found"


@pytest.mark.ledger("CR-018")
def test_the_check_of_a_device_is_reminded_of_until_it_is_done(monday: Any) -> None:
    keeper, holder = browser(GAO), str(staff("102").code)
    facts = {"kind": "medium", "label": "备份盘", "serial": "WD-1", "holder": holder, "encryption": "encrypted"}
    assert keeper.post("/confidentiality/devices/", facts).status_code == 303
    device = Device.objects.get()
    remind(date(2027, 3, 6))
    assert due(actions.CHECK) == []
    monday("2027-03-07 06:10")
    remind(date(2027, 3, 7))
    assert due(actions.CHECK) == ["备份盘"]
    page = f"/confidentiality/devices/{device.code}/"
    look = {"holder": holder, "encryption": "open", "state": "in_use", "version": device.version}
    assert keeper.post(page, look).status_code == 422
    assert keeper.post(page, look | {"state": "blocked"}).status_code == 303
    assert due(actions.CHECK) == []
    device.refresh_from_db()
    assert (device.state, device.check_due_on) == ("blocked", date(2027, 6, 5))
    retired = {"holder": staff("102"), "encryption": "open", "state": "retired"}
    actions.check_device(by=person(GAO), device=device, **retired)
    remind(date(2028, 1, 1))
    assert due(actions.CHECK) == []
    with pytest.raises(Conflict):
        actions.check_device(by=person(GAO), device=device, **retired)


# --- education (CR-019) -----------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-019")
def test_education_is_repeated_and_has_its_evidence(monday: Any) -> None:
    bai, keeper = staff("102"), api(GAO)
    remind(date(2026, 12, 7))
    assert "白岚" in due(actions.TEACH)  # never instructed: due at once
    facts = {"staff": str(bai.code), "topic": "客户信息保密", "held_on": "2026-12-07", "evidence": ""}
    assert code_of(keeper.post(f"{URL}education/", facts), 422) == "evidence_missing"
    assert api(BAI).post(f"{URL}education/", facts).status_code == 403
    assert code_of(keeper.post(f"{URL}education/", facts | {"staff": str(uuid4())}), 404) == "staff_not_found"
    late = facts | {"evidence": "签到表", "held_on": "2026-12-08"}
    assert code_of(keeper.post(f"{URL}education/", late), 422) == "held_in_future"
    assert not Education.objects.exists()
    assert keeper.post(f"{URL}education/", facts | {"evidence": "签到表 2026-12"}).status_code == 201
    assert "白岚" not in due(actions.TEACH)
    monday("2027-12-06 06:10")
    remind(date(2027, 12, 6))
    assert "白岚" not in due(actions.TEACH)
    monday("2027-12-07 06:10")
    remind(date(2027, 12, 7))
    assert "白岚" in due(actions.TEACH)
    form = {"staff": str(bai.code), "topic": "复训", "held_on": "2027-12-07", "evidence": "考核 92 分"}
    desk = browser(GAO)
    assert desk.post("/confidentiality/education/", form | {"evidence": ""}).status_code == 422
    assert desk.post("/confidentiality/education/", form).status_code == 303
    assert "白岚" not in due(actions.TEACH)
    [standing] = [one for one in selectors.people(person(GAO)) if one.staff == bai]
    assert (standing.educated_on, standing.due_on) == (date(2027, 12, 7), date(2028, 12, 6))
    with pytest.raises(RuleRefused):
        actions.record_education(by=SYSTEM, staff=bai, topic="", held_on=date(2027, 12, 7), evidence="x")
