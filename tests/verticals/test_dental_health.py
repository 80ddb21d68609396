"""The questions about health before a dental treatment, and the alerts that follow from the answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from dental import health
from dental.models import HealthQuestionnaire
from kernel.errors import Forbidden, RuleRefused
from kernel.tenancy import TenantContext
from services.patients.models import Patient
from tests.services.doors import api, browser, person
from tests.services.flow import center, patient


@pytest.fixture(autouse=True)
def monday(smile: TenantContext, at: Any) -> Any:
    at("2026-12-07 10:00")
    return at


def said(who: Patient, **yeses: str) -> dict[str, str | None]:
    return {key: yeses.get(key) for key in health.questions_for(who)}


def asked(who: Patient, by: str = "bai.lan", **yeses: str) -> HealthQuestionnaire:
    return health.record_questionnaire(by=person(by), site=center(), patient=who, answers=said(who, **yeses))


@pytest.mark.ledger("DE-014")
def test_a_yes_becomes_an_alert_on_the_patients_page_until_it_is_answered_otherwise() -> None:
    zhu = patient("朱蕾")
    page = f"/patients/{zhu.code}/"
    assert f"/dental/patients/{zhu.code}/health/" in browser("dr.lin").get(page).content.decode()
    asked(zhu, medication="华法林", heart="")
    shown = browser("dr.lin").get(page).content.decode()
    assert "华法林" in shown
    assert f"/dental/patients/{zhu.code}/health/" not in shown
    # Whoever only takes money sees the file, and nothing of the patient's health.
    assert "华法林" not in browser("fang.li").get(page).content.decode()
    asked(zhu)
    assert "华法林" not in browser("dr.lin").get(page).content.decode()
    assert HealthQuestionnaire.objects.filter(patient=zhu).count() == 2


@pytest.mark.ledger("DE-014")
def test_every_question_is_answered_and_some_yeses_need_words() -> None:
    zhu = patient("朱蕾")
    answers = said(zhu)
    del answers["allergy"]
    for given, code in (
        (answers, "question_unanswered"),
        (said(zhu) | {"shoes": None}, "question_unknown"),
        (said(zhu, allergy=" "), "words_missing"),
    ):
        with pytest.raises(RuleRefused) as refused:
            health.record_questionnaire(by=person("bai.lan"), site=center(), patient=zhu, answers=given)
        assert refused.value.code == code
    assert "pregnancy" in health.questions_for(zhu)
    assert "pregnancy" not in health.questions_for(patient("朱雷", sex="male"))
    with pytest.raises(Forbidden):
        asked(zhu, by="fang.li")
    assert not HealthQuestionnaire.objects.exists()


@pytest.mark.ledger("DE-014")
def test_old_answers_are_asked_for_again(monday: Any) -> None:
    zhu = patient("朱蕾")
    asked(zhu, diabetes="")
    page = f"/patients/{zhu.code}/"
    link = f"/dental/patients/{zhu.code}/health/"
    monday("2027-06-07 10:00")
    assert link not in browser("dr.lin").get(page).content.decode()
    monday("2027-06-08 10:00")
    assert link in browser("dr.lin").get(page).content.decode()


def test_answers_are_sealed_in_the_database() -> None:
    row = asked(patient("朱蕾"), medication="华法林")
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM dental_healthquestionnaire WHERE id = %s", [row.pk])
        [stored] = cursor.fetchone()
    assert "华法林" not in str(stored)
    assert "medication" not in str(stored)


@pytest.mark.ledger("DE-014")
def test_page_and_api_ask_the_same_questions() -> None:
    zhu = patient("朱蕾")
    desk, client = browser("bai.lan"), api("bai.lan")
    path, door = f"/dental/patients/{zhu.code}/health/", f"/api/v1/dental/patients/{zhu.code}/health/"
    assert client.get(door).json()["code"] == "health_not_asked"
    assert desk.get(path).status_code == 200
    form = dict.fromkeys(health.questions_for(zhu), "no")
    assert desk.post(path, form | {"allergy": ""}).status_code == 422
    assert desk.post(path, form | {"allergy": "yes"}).status_code == 422
    assert desk.post(path, form | {"allergy": "yes", "allergy_words": "青霉素"}).status_code == 303
    assert client.get(door).json()["alerts"] == [{"question": "allergy", "words": "青霉素"}]
    again = client.post(door, {"site": str(center().code), "answers": said(zhu, heart="")})
    assert (again.status_code, again.json()["alerts"]) == (201, [{"question": "heart", "words": ""}])
    assert api("fang.li").get(door).status_code == 403
