"""Consents: words that stay as they were signed, guardians of minors, withdrawal, and what third parties are told."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.parameters.actions import set_parameter
from services.consents import actions, selectors
from services.consents.models import Consent, ConsentTemplate, Disclosure, TemplateVersion
from services.patients.actions import add_relation
from services.patients.models import Patient
from tests.services.doors import SYSTEM, browser, person, statements
from tests.services.flow import center, patient

BAI, LIN, DOU = "bai.lan", "dr.lin", "dou.heng"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def words(key: str) -> TemplateVersion:
    found = selectors.latest_version(ConsentTemplate.objects.get(key=key))
    assert found is not None
    return found


def signed(who: Patient, key: str = "disclosure", **facts: Any) -> Consent:
    known = {"by": person(BAI), "site": center(), "signer": "patient", "identity_checked": True}
    return actions.take_consent(patient=who, version_signed=words(key), **(known | facts))


def told(who: Patient, **facts: Any) -> Disclosure:
    known = {"by": person(LIN), "site": center(), "recipient": "平安保险", "what": "12-07 的病历", "reason": "consent"}
    return actions.disclose(patient=who, **(known | facts))


@pytest.mark.ledger("CR-005")
def test_a_consent_keeps_the_words_that_were_signed() -> None:
    first = signed(patient("陈雨"), "treatment")
    template = ConsentTemplate.objects.get(key="treatment")
    dean = browser(DOU)
    old = words("treatment")
    url = f"/consents/templates/{template.code}/"
    assert dean.post(url, {"text": old.text, "version": template.version}).status_code == 422
    assert dean.post(url, {"text": "新的内容", "version": template.version}).status_code == 303
    assert browser(BAI).get(url).status_code == 403

    first.refresh_from_db()
    assert first.version_signed.text == old.text
    assert first.text_hash == hashlib.sha256(old.text.encode()).hexdigest()
    assert words("treatment").number == 2
    with pytest.raises(RuleRefused) as outdated:
        actions.take_consent(
            by=person(BAI), site=center(), patient=patient("吴飞"), version_signed=old, signer="patient",
            identity_checked=True,
        )  # fmt: skip
    assert outdated.value.code == "version_outdated"
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        TemplateVersion.objects.filter(pk=old.pk).update(text="改")


@pytest.mark.ledger("CR-005")
def test_the_guardian_signs_for_a_minor_and_everybody_is_identified() -> None:
    child, mother = patient("小宝", stated_age=9), patient("宝妈", stated_age=35)
    with pytest.raises(RuleRefused) as minor:
        signed(child)
    assert minor.value.code == "guardian_needed"
    relation = add_relation(by=person(BAI), patient=child, kind="mother", relative=mother)
    with pytest.raises(RuleRefused) as unknown:
        signed(child, signer="guardian", guardian=relation)
    assert unknown.value.code == "guardian_unknown"
    relation.is_guardian = True
    relation.save()
    with pytest.raises(RuleRefused) as unchecked:
        signed(child, signer="guardian", guardian=relation, identity_checked=False)
    assert unchecked.value.code == "identity_unchecked"
    assert not Consent.objects.exists()

    desk, url = browser(BAI), f"/consents/patients/{child.code}/"
    facts = {"version_signed": words("treatment").code, "signer": "guardian", "how": "paper", "identity_checked": "on"}
    assert desk.post(url, facts).status_code == 422
    assert desk.post(url, facts | {"guardian": relation.code}).status_code == 303
    consent = Consent.objects.get()
    assert (consent.signer_name, consent.relation) == ("宝妈", "mother")
    assert "宝妈" in desk.get(url).content.decode()


@pytest.mark.ledger("CR-005")
def test_third_parties_are_told_on_a_consent_in_force_or_a_lawful_reason(monday: Any) -> None:
    who = patient("陈雨")
    other = signed(patient("吴飞"))
    treatment = signed(who, "treatment")
    for consent in (None, other, treatment):
        with pytest.raises(RuleRefused) as refused:
            told(who, consent=consent)
        assert refused.value.code == "disclosure_without_consent"
    with pytest.raises(RuleRefused) as ground:
        told(who, reason="court")
    assert ground.value.code == "ground_missing"
    with pytest.raises(RuleRefused):
        told(who, reason="insurance", words="理赔 8821")
    assert not Disclosure.objects.exists()

    consent = signed(who, scope="平安保险理赔")
    done = told(who, consent=consent)
    court = told(who, reason="court", words="（2026）沪 0106 调 12 号")
    assert (done.consent, court.consent) == (consent, None)
    set_parameter(by=SYSTEM, key="disclosure_lawful_reasons", value=["insurance"])
    assert told(who, reason="insurance", words="理赔 8821").pk
    with pytest.raises(RuleRefused):
        told(who, reason="court", words="（2026）沪 0106 调 12 号")
    with pytest.raises(IntegrityError, match="consents_disclosed_on_a_consent"), transaction.atomic():
        Disclosure.objects.create(
            patient=who, site=center(), recipient="x", what="y", reason="consent", disclosed_at=done.disclosed_at,
            by_name="x",
        )  # fmt: skip

    desk = browser(BAI)
    assert desk.post(f"/consents/{consent.code}/withdraw/", {"words": "不再同意"}).status_code == 303
    with pytest.raises(RuleRefused) as withdrawn:
        told(who, consent=consent)
    assert withdrawn.value.code == "disclosure_without_consent"
    with pytest.raises(Conflict):
        actions.withdraw_consent(by=person(BAI), consent=consent)
    ended = signed(who, ends_on=monday("2026-12-07 11:00").date())
    monday("2026-12-08 09:00")
    with pytest.raises(RuleRefused):
        told(who, consent=ended)
    assert "平安" not in str(list(AuditEntry.objects.values_list("data", flat=True)))


def test_what_was_told_is_listed_for_those_who_tell() -> None:
    who = patient("陈雨")
    consent = signed(who)
    doctor, url = browser(LIN), f"/consents/patients/{who.code}/disclosures/"
    facts = {"recipient": "平安保险", "what": "病历摘要", "reason": "consent"}
    assert doctor.post(url, facts).status_code == 422
    assert doctor.post(url, facts | {"consent": consent.code}).status_code == 303
    assert "平安保险" in doctor.get(url).content.decode()
    assert browser(BAI).get(url).status_code == 403
    with pytest.raises(Forbidden):
        told(who, by=person(BAI), consent=consent)
    reader = browser(DOU)
    one = statements(lambda: reader.get("/consents/disclosures/"))
    for name in ("吴飞", "朱蕾"):
        other = patient(name)
        told(other, consent=signed(other))
    assert statements(lambda: reader.get("/consents/disclosures/")) == one
