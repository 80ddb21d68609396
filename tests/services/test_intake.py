"""The first visit: a form that is complete and signed, what is special in its three places, a hand-over that is heard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from dental.models import HealthQuestionnaire
from kernel import parameters
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from services.documents.actions import print_pdf
from services.documents.models import Document
from services.intake import actions, findings, handover, selectors
from services.intake.models import FormDefinition, HandOver, IntakeSheet, SpecialFinding
from services.patients.actions import add_relation, update_patient
from services.patients.models import Patient
from services.policy.models import OverrideRecord
from services.reception import actions as desk
from services.reception.models import Visit
from services.tasks.models import Task
from tests.services.doors import SYSTEM, browser, person, staff
from tests.services.flow import booked, center, chair, clockwork, local, patient, stand_in, walked_in

BAI, REN, SU, TANG, LIN, GAO = "bai.lan", "ren.tao", "su.qi", "tang.rui", "dr.lin", "gao.wen"
ASKED = (
    "heart", "blood_pressure", "diabetes", "bleeding", "infection", "epilepsy", "allergy", "medication", "pregnancy", "other",
)  # fmt: skip
HEALTHY = {key: {"value": "no"} for key in ASKED}
COMPLETE: dict[str, Any] = {
    "symptoms": {"value": "右下后牙疼三天"}, "address": {"declined": True}, "occupation": {"value": "会计"},
    "heard_by": {"value": "map"}, **HEALTHY,
}  # fmt: skip
WARFARIN = {**COMPLETE, "medication": {"value": "yes", "words": "华法林"}}


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def begun(visit: Visit) -> IntakeSheet:
    return actions.start_sheet(by=person(BAI), site=center(), visit=visit)


def checked(visit: Visit, answers: dict[str, Any] = COMPLETE, *, filler: str = "desk") -> IntakeSheet:
    """A form that Bai Lan filled in face to face and read back."""
    sheet = actions.save_answers(by=person(BAI), sheet=begun(visit), answers=answers, filler=filler)
    return actions.check_sheet(by=person(BAI), sheet=sheet)


def signed(visit: Visit, answers: dict[str, Any] = COMPLETE) -> IntakeSheet:
    sheet = checked(visit, answers)
    actions.sign_sheet(by=person(BAI), sheet=sheet, signer="patient", signer_name=sheet.patient.name)
    return fresh(sheet)


def fresh(sheet: IntakeSheet) -> IntakeSheet:
    return selectors.access_sheet(person(BAI), sheet.code)


def given(sheet: IntakeSheet, to: str = "202", *, by: str = BAI, **more: Any) -> HandOver:
    return handover.hand_over(by=person(by), sheet=fresh(sheet), receiver=staff(to), **more)


def in_two_places(visit: Visit) -> IntakeSheet:
    """Warfarin stands out and stands in the alert; nobody has heard of it yet."""
    sheet = signed(visit, WARFARIN)
    handover.mark_special(by=person(BAI), sheet=sheet, question="medication")
    handover.enter_alert(by=person(BAI), sheet=sheet, text="服用华法林")
    return fresh(sheet)


def leads(visit: Visit, room: str = "2", by: str = SU) -> Visit:
    return desk.lead_in(by=person(by), visit=visit, chair=chair(room))


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


# --- the form ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-007", "FD-008")
def test_a_form_has_no_blanks_is_signed_with_its_time_and_stands_still(monday):
    visit = walked_in(patient("罗敏", stated_age=34), complaint="牙疼")
    sheet = begun(visit)
    assert begun(visit) == sheet  # a second desk finds it
    assert selectors.answers_of(sheet)["symptoms"]["value"] == "牙疼"  # what was said at the door is not asked twice
    some = {"symptoms": {"value": "牙疼三天"}, "medication": {"value": "yes"}, "allergy": {"value": "no"}}
    actions.save_answers(by=person(REN), sheet=sheet, answers=some, filler="desk")

    gaps = refused(RuleRefused, "blanks_left", lambda: actions.check_sheet(by=person(BAI), sheet=sheet))
    assert {"address", "medication", "heart"} <= set(gaps.fields)  # a yes without its words is a blank as well
    assert not {"symptoms", "allergy"} & set(gaps.fields)
    refused(RuleRefused, "form_not_checked", lambda: given(sheet))

    sheet = checked(visit)
    assert (sheet.state, sheet.filler, sheet.checked_by_name) == ("to_sign", "desk", "白岚")
    refused(
        Conflict, "sheet_not_open", lambda: actions.save_answers(by=person(BAI), sheet=sheet, answers={}, filler="desk")
    )
    refused(RuleRefused, "form_not_signed", lambda: given(sheet))
    monday("2026-12-07 10:12")
    strokes = json.dumps([[[10, 10], [300, 200]], [[20, 250], [900, 40]]])
    for broken in ("nonsense", "[]", "[[[1, 99999]]]", '{"a": 1}'):
        refused(
            RuleRefused,
            "strokes_malformed",
            lambda text=broken: actions.sign_sheet(
                by=person(BAI), sheet=sheet, signer="patient", signer_name="罗敏", strokes=text
            ),
        )
    signature = actions.sign_sheet(by=person(BAI), sheet=sheet, signer="patient", signer_name="罗敏", strokes=strokes)

    assert (signature.signed_at, signature.signer_name) == (local("2026-12-07 10:12"), "罗敏")
    assert signature.form_hash == sheet.form.content_hash
    assert ["主要症状，从什么时候开始", "右下后牙疼三天"] in json.loads(signature.text)["items"]
    assert selectors.is_intact(signature)
    refused(Conflict, "invalid_transition", lambda: actions.reopen_sheet(by=person(BAI), sheet=sheet))
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, 'intake_signature', 'UPDATE, DELETE')")
        assert cursor.fetchone() == (False,)
    who = Patient.objects.get(pk=visit.patient_id)
    assert (who.occupation, who.media_source, who.address) == ("会计", "map", "")
    paper = json.loads(Document.objects.get().content)
    assert (paper["signer_name"], paper["checked_by"], paper["strokes"][0][0]) == ("罗敏", "白岚", [10, 10])

    assert print_pdf(by=person(BAI), document=Document.objects.get()).startswith(b"%PDF-")

    hand = given(sheet)
    assert (hand.receiver.name, hand.given_at, hand.complaint) == ("唐蕊", local("2026-12-07 10:12"), "右下后牙疼三天")
    assert fresh(sheet).state == "handed_over"


def test_only_who_is_demanded_signs_and_a_supervisor_lets_one_pass():
    by_phone = patient("周禾")
    appointment = booked(by_phone, "2026-12-07 11:00", doctor="014")
    visit = desk.check_in(by=person(BAI), site=center(), appointment=appointment)
    assert given(checked(visit)).receiver.number == "202"  # booked: FD-007 asks for the signature of whoever is not

    injured = walked_in(patient("钱桂"))
    sheet = checked(injured)
    refused(RuleRefused, "form_not_signed", lambda: given(sheet))
    refused(
        Forbidden,
        "override_not_yours",
        lambda: actions.override_gate_of(by=person("shen.ke"), visit=injured, gate="intake.signature", reason="手伤"),
    )
    actions.override_gate_of(by=person(GAO), visit=injured, gate="intake.signature", reason="双手受伤，无法签名")
    given(sheet)
    assert OverrideRecord.objects.get().used_at is not None

    parameters.set_parameter(by=SYSTEM, key="first_visit_signature", value=False)
    assert given(checked(walked_in(patient("孙田")))).receiver.number == "202"


def test_a_minor_does_not_sign():
    sheet = checked(walked_in(patient("小雨", stated_age=9)))
    sign = {"by": person(BAI), "sheet": sheet, "signer_name": "小雨妈妈"}
    refused(RuleRefused, "guardian_must_sign", lambda: actions.sign_sheet(signer="patient", **sign))
    assert actions.sign_sheet(signer="guardian", **sign).signer == "guardian"


DRAWN = json.dumps([[[10, 10], [300, 200]], [[20, 250], [900, 40]]])


def test_under_drawn_lines_stands_the_name_that_the_file_knows():
    def signs(sheet: IntakeSheet, signer: str, strokes: str = DRAWN) -> str:
        kept = actions.sign_sheet(by=person(BAI), sheet=sheet, signer=signer, signer_name="  ", strokes=strokes)
        return kept.signer_name

    adult = checked(walked_in(patient("罗敏", stated_age=34)))
    refused(RuleRefused, "signer_name_missing", lambda: signs(adult, "patient", strokes=""))  # nothing is signed
    assert signs(adult, "patient") == "罗敏"

    child = patient("小雨", stated_age=9)
    sheet = checked(walked_in(child))
    refused(RuleRefused, "signer_name_missing", lambda: signs(sheet, "guardian"))  # nobody knows whose hand it is
    for name, kind, is_guardian in (("小雨姑姑", "other", False), ("小雨妈妈", "mother", True)):
        add_relation(by=person(BAI), patient=child, kind=kind, name=name, is_guardian=is_guardian)
    assert signs(sheet, "guardian") == "小雨妈妈"

    of_both = patient("小晴", stated_age=9)
    for name, kind in (("小晴妈妈", "mother"), ("小晴爸爸", "father")):
        add_relation(by=person(BAI), patient=of_both, kind=kind, name=name, is_guardian=True)
    undecided = checked(walked_in(of_both))
    refused(RuleRefused, "signer_name_missing", lambda: signs(undecided, "guardian"))  # it may be either


def test_a_name_of_many_strokes_is_no_malformed_signature():
    """龚懿馨鑫: more than sixty lines where every stroke of the pen is one."""
    lines = [[[x, y], [x + 8, y + 8]] for y in (20, 100, 180) for x in range(10, 930, 20)]
    sheet = checked(walked_in(patient("龚懿馨鑫", stated_age=34)))
    kept = actions.sign_sheet(by=person(BAI), sheet=sheet, signer="patient", strokes=json.dumps(lines))
    assert len(json.loads(kept.strokes)) == len(lines) == 138


@pytest.mark.ledger("FD-007")
def test_the_form_before_the_chair_where_the_tenant_demands_it():
    visit = walked_in(patient("何青"))
    parameters.set_parameter(by=SYSTEM, key="first_visit_form", value=True)
    error = refused(RuleRefused, "first_visit_form_missing", lambda: leads(visit))
    assert (error.facts["gate_class"], error.cures[0].url) == ("process", f"/intake/visits/{visit.code}/")
    sheet = signed(visit)
    refused(RuleRefused, "first_visit_form_missing", lambda: leads(visit))
    given(sheet)
    assert leads(visit).state == "led_in"

    hurry = walked_in(patient("急急"), emergency="jaw_dislocation", doctor="014")
    assert leads(hurry, "5").state == "led_in"
    again = walked_in(patient("贺来"), doctor="020")
    actions.override_gate_of(by=person(GAO), visit=again, gate="intake.form", reason="平板故障")
    assert leads(again, "1").state == "led_in"


# --- three places -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-009")
def test_any_of_the_three_places_alone_keeps_the_visitor_out(monday):
    """SC-02, through actions: the retry with other patients, one place missing each time."""
    highlight_missing = walked_in(patient("甲一"))
    sheet = signed(highlight_missing, WARFARIN)
    handover.enter_alert(by=person(BAI), sheet=sheet, text="服用华法林")
    handover.acknowledge(by=person(TANG), hand_over=given(sheet))
    refused(RuleRefused, "special_not_highlighted", lambda: leads(highlight_missing))

    alert_missing = walked_in(patient("乙二"))
    sheet = signed(alert_missing, WARFARIN)
    handover.mark_special(by=person(BAI), sheet=sheet, question="medication")
    handover.acknowledge(by=person(TANG), hand_over=given(sheet))
    refused(RuleRefused, "special_without_alert", lambda: leads(alert_missing))

    unheard = walked_in(patient("丙三"))
    sheet = in_two_places(unheard)
    error = refused(RuleRefused, "hand_over_not_acknowledged", lambda: leads(unheard))
    assert (error.facts["gate_class"], error.facts["missing"]) == ("law", ["hand_over"])
    hand = given(sheet)
    assert "华法林" in hand.circumstances
    refused(RuleRefused, "hand_over_not_acknowledged", lambda: leads(unheard))
    refused(Forbidden, "hand_over_not_yours", lambda: handover.acknowledge(by=person("mo.xiao"), hand_over=hand))
    refused(
        RuleRefused,
        "gate_cannot_be_overridden",
        lambda: actions.override_gate_of(by=person(GAO), visit=unheard, gate="intake.special", reason="快"),
    )
    handover.acknowledge(by=person(TANG), hand_over=hand)

    # Taking a place away again does not make an ordinary visitor of one who takes warfarin.
    finding = SpecialFinding.objects.get(sheet=sheet)
    handover.set_highlight(by=person(BAI), finding=finding, on=False)
    refused(RuleRefused, "special_not_highlighted", lambda: leads(unheard))
    handover.set_highlight(by=person(BAI), finding=finding, on=True)
    update_patient(by=person(BAI), patient=unheard.patient, alert="")
    refused(RuleRefused, "special_without_alert", lambda: leads(unheard))
    handover.enter_alert(by=person(BAI), sheet=sheet, text="服用华法林")
    assert leads(unheard).state == "led_in"
    assert AuditEntry.objects.filter(verb="refused", data__code="special_without_alert").exists()


@pytest.mark.ledger("FD-009")
def test_what_was_found_once_stays_found_and_what_comes_later_is_told_again(monday):
    visit = walked_in(patient("丁四"))
    sheet = checked(visit, WARFARIN)
    sheet = actions.reopen_sheet(by=person(BAI), sheet=sheet)
    actions.save_answers(by=person(BAI), sheet=sheet, answers=COMPLETE, filler="desk")  # "no, nothing"
    actions.check_sheet(by=person(BAI), sheet=sheet)
    assert refused(RuleRefused, "special_not_highlighted", lambda: leads(visit)).facts["missing"] == [
        "highlight", "alert", "hand_over",
    ]  # fmt: skip

    other = walked_in(patient("戊五"))
    sheet = in_two_places(other)
    handover.acknowledge(by=person(TANG), hand_over=given(sheet))
    monday("2026-12-07 10:20")
    handover.mark_special(by=person(BAI), sheet=sheet, words="刚说对青霉素过敏")
    assert refused(RuleRefused, "special_without_alert", lambda: leads(other)).facts["missing"] == [
        "alert",
        "hand_over",
    ]

    handover.enter_alert(by=person("mo.xiao"), sheet=sheet, text="青霉素过敏")
    handover.acknowledge(by=person(TANG), hand_over=given(sheet))
    assert Patient.objects.get(pk=other.patient_id).alert.replace("；", "; ") == "服用华法林; 青霉素过敏"
    assert leads(other, "3").state == "led_in"

    # A form that is still being filled in keeps nobody outside by a slip of the finger, but does not hide a yes either.
    typing = walked_in(patient("己六"))
    sheet = begun(typing)
    actions.save_answers(by=person(BAI), sheet=sheet, answers={"heart": {"value": "yes"}}, filler="desk")
    refused(RuleRefused, "special_not_highlighted", lambda: leads(typing))
    actions.save_answers(by=person(BAI), sheet=sheet, answers={"heart": {"value": "no"}}, filler="desk")
    assert leads(typing).state == "led_in"


@pytest.mark.ledger("FD-009")
def test_what_the_giver_says_for_the_receiver_counts_for_thirty_minutes_and_the_breach_stays(monday):
    visit = walked_in(patient("庚七"))
    sheet = in_two_places(visit)
    # Word for word, only the receiver acknowledges (literal profile).
    refused(RuleRefused, "acknowledge_yourself", lambda: given(sheet, heard=True))
    parameters.set_parameter(by=SYSTEM, key="hand_over_by_giver", value=True)
    hand = given(sheet, heard=True)
    task = Task.objects.get(kind="intake.hand_over")
    assert (task.assignee, hand.confirm_by) == (staff("202").user, local("2026-12-07 10:35"))
    assert not findings.places(fresh(sheet)).missing

    monday("2026-12-07 10:34")
    clockwork()
    assert HandOver.objects.get().breached_at is None
    monday("2026-12-07 10:36")
    clockwork()  # nobody has a browser open
    assert HandOver.objects.get().breached_at == local("2026-12-07 10:36")
    refused(RuleRefused, "hand_over_not_acknowledged", lambda: leads(visit))

    stand_in(TANG, "mo.xiao", "assistant")
    handover.acknowledge(by=person("mo.xiao"), hand_over=hand)
    hand.refresh_from_db()
    assert (hand.breached_at, hand.acknowledged_by_name) == (local("2026-12-07 10:36"), "莫晓")
    assert Task.objects.get(kind="intake.hand_over").state == "done"
    assert leads(visit).state == "led_in"


def test_a_hand_over_needs_two_of_whom_the_second_treats_and_the_latest_one_stands(monday):
    visit = walked_in(patient("辛八"))
    sheet = signed(visit)
    refused(RuleRefused, "receiver_not_suitable", lambda: given(sheet, "104"))  # the cashier
    refused(RuleRefused, "receiver_is_giver", lambda: given(sheet, "202", by=TANG))
    refused(Forbidden, "permission_denied", lambda: given(sheet, by=SU))
    first = given(sheet, "011")
    second = given(sheet, "202")
    refused(Conflict, "hand_over_replaced", lambda: handover.acknowledge(by=person(LIN), hand_over=first))
    monday("2026-12-07 11:00")
    clockwork()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.breached_at, second.breached_at) == (None, local("2026-12-07 11:00"))
    handover.acknowledge(by=person(TANG), hand_over=second)
    refused(Conflict, "acknowledged_already", lambda: handover.acknowledge(by=person(TANG), hand_over=second))


# --- what other rooms make of it --------------------------------------------------------------------------------------


def test_the_enquiry_is_the_sheet_about_health_and_is_not_asked_twice():
    visit = walked_in(patient("壬九"))
    checked(visit, WARFARIN)
    clockwork()
    row = HealthQuestionnaire.objects.get(patient=visit.patient)
    said = json.loads(row.answers)
    assert (said["medication"], said["heart"], row.asked_by_name) == ("华法林", None, "白岚")


def test_who_leaves_unseen_leaves_no_form_to_finish():
    visit = walked_in(patient("癸十"))
    sheet = begun(visit)
    desk.leave_unseen(by=person(BAI), visit=visit, reason="改天再来")
    clockwork()
    assert fresh(sheet).state == "dropped"


@pytest.mark.ledger("FD-013", "FD-029")
def test_the_desk_reads_out_why_and_what_is_offered_and_the_tenant_changes_the_words():
    visit = walked_in(patient("问问"))
    old = begun(walked_in(patient("旧表"))).form
    page = browser(BAI).get(f"/intake/visits/{visit.code}/").content.decode()
    assert "免费口腔检查" in page
    assert "多年以后仍可查到" in page
    form = FormDefinition.objects.get(vertical="dental")
    words = {
        "why_zh": "为了您的安全",
        "why_en": "",
        "offers_zh": "免费检查\n一年随访",
        "offers_en": "",
        "version": form.version,
    }
    assert browser(BAI).post(f"/intake/forms/{form.code}/", words).status_code == 403
    assert browser(GAO).post(f"/intake/forms/{form.code}/", words).status_code == 303
    assert browser(GAO).post(f"/intake/forms/{form.code}/", words).status_code == 412
    newest = selectors.newest_version(form)
    assert (newest.number, newest.content["offers"][1]["zh"]) == (2, "一年随访")
    assert newest.content["sections"] == old.content["sections"]
    page = browser(BAI).get(f"/intake/visits/{visit.code}/").content.decode()
    assert "为了您的安全" in page
    assert "一年随访" in page
    refused(
        RuleRefused,
        "form_malformed",
        lambda: actions.write_form(by=person(GAO), form=form, content={"sections": [{"zh": "空", "questions": [{}]}]}),
    )
