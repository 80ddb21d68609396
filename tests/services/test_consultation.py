"""Consultations: from the list of who waits to what was decided, and what must not be left open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel import clock, parameters
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.parameters import Scope
from services.appointments.actions import cancel_appointment
from services.cashier.actions import SlipLine, charge, issue_slip
from services.cashier.taking import HandedOver
from services.catalogue.models import Item
from services.consultation import actions, fees, knowledge, kpis, selectors, success, talks, transfers
from services.consultation.models import Consultation, KnowledgeVersion, Question, Transfer
from services.patients.models import Patient
from services.policy.models import NudgeCount
from services.records.actions import record_treatment
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff
from tests.services.flow import booked, center, clockwork, local, patient, walked_in

YE, GAO, LIN, BAI, PAN = "ye.fan", "gao.wen", "dr.lin", "bai.lan", "dr.pan"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:00")
    return at


def opened(who: Patient | None = None, **facts: Any) -> Consultation:
    """Somebody on the list of who waits."""
    named = {"patient": who} if who is not None else {"customer_name": "路晴", "phone": "13901230001"}
    return actions.open_consultation(by=person(BAI), site=center(), channel="walk_in", **{**named, **facts})


def talking(who: Patient | None = None, **facts: Any) -> Consultation:
    """A conversation of Ye Fan's in which everything that must stand there stands there."""
    row = actions.start_consultation(by=person(YE), consultation=opened(who, **facts))
    return actions.write_down(
        by=person(YE), consultation=row, need="想补门牙", condition="门牙缺角", further="treatment", advice="先检查再补"
    )


def offered(row: Consultation, key: str = "dental-filling", **words: str) -> Any:
    return actions.recommend(
        by=person(YE), consultation=row, item=Item.objects.get(key=key), **{"content": "树脂补牙", **words}
    )


def accepted(who: Patient | None = None, **facts: Any) -> Consultation:
    row = talking(who, **facts)
    offered(row)
    return actions.conclude(by=person(YE), consultation=row, outcome="accepted")


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    """What ``act`` is refused with."""
    with pytest.raises(error) as refusal, transaction.atomic():
        act()
    assert refusal.value.code == code
    return refusal.value


# --- the conversation -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CS-001", "CS-004")
def test_a_consultation_keeps_everything_and_ends_only_with_its_analysis_and_an_outcome():
    refused(RuleRefused, "customer_unknown", lambda: opened(customer_name=" "))
    row = actions.start_consultation(by=person(YE), consultation=opened())
    ye = {"by": person(YE), "consultation": row}
    assert (row.consultant, row.patient, row.state) == (staff("112"), None, "talking")
    gaps = refused(RuleRefused, "analysis_missing", lambda: actions.conclude(**ye, outcome="refused", refusal="price"))
    assert set(gaps.fields) == {"need", "condition", "further", "advice"}
    actions.write_down(**ye, need="想种牙", condition="缺一颗", further="examination", advice="先拍片")
    refused(RuleRefused, "further_unknown", lambda: actions.write_down(**ye, further="x"))

    refused(RuleRefused, "outcome_unknown", lambda: actions.conclude(**ye, outcome="happy"))
    refused(RuleRefused, "refusal_missing", lambda: actions.conclude(**ye, outcome="refused"))
    refused(RuleRefused, "recommendation_missing", lambda: actions.conclude(**ye, outcome="accepted"))
    refused(RuleRefused, "appointment_missing", lambda: actions.conclude(**ye, outcome="booked"))
    refused(RuleRefused, "next_step_missing", lambda: actions.conclude(**ye, outcome="undecided"))
    late = {"next_step": "等家人商量", "call_back_on": date(2026, 12, 6)}
    refused(RuleRefused, "call_back_in_the_past", lambda: actions.conclude(**ye, outcome="undecided", **late))

    done = actions.conclude(**ye, outcome="undecided", next_step="等家人商量", call_back_on=date(2026, 12, 9))
    task = Task.objects.get(kind=actions.CALL_BACK)
    assert task.assignee is not None
    assert (done.state, done.next_step, task.assignee.username, task.state) == ("undecided", "等家人商量", YE, "open")
    done = actions.conclude(**ye, outcome="refused", refusal="price", refusal_words="想再比较")
    task.refresh_from_db()
    assert (done.state, done.refusal, task.state) == ("refused", "price", "done")
    refused(Conflict, "not_open", lambda: actions.write_down(**ye, need="x"))
    with pytest.raises(Forbidden):
        actions.start_consultation(by=person(BAI), consultation=opened(customer_name="贝儿", phone="13901230002"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Consultation.objects.filter(pk=row.pk).update(refusal="")


@pytest.mark.ledger("CS-001", "CS-005")
def test_a_recommendation_has_content_and_todays_price_from_a_reviewed_sheet_only():
    row, filling = talking(), Item.objects.get(key="dental-filling")
    knowledge.write_sheet(by=person(YE), item=filling, content="去净蛀坏，树脂充填", risks="可能敏感")
    words = {"by": person(YE), "consultation": row, "item": filling}
    refused(RuleRefused, "content_missing", lambda: actions.recommend(**words))
    sheet = selectors.sheet_of(filling)
    assert sheet is not None
    refused(Forbidden, "permission_denied", lambda: knowledge.review_sheet(by=person(YE), sheet=sheet))
    knowledge.review_sheet(by=person(GAO), sheet=sheet)

    offer = actions.recommend(**words, advantages="保留牙体")

    assert (offer.content, offer.risks, offer.advantages) == ("去净蛀坏，树脂充填", "可能敏感", "保留牙体")
    assert offer.price_fen == filling.price_fen
    changed = knowledge.write_sheet(by=person(GAO), item=filling, content="换一种说法")
    assert changed.reviewed_at is None
    refused(Forbidden, "own_words", lambda: knowledge.review_sheet(by=person(GAO), sheet=changed))


@pytest.mark.ledger("CS-003", "CS-014", "CS-015", "CS-013", "CS-017")
def test_conduct_is_counted_lessons_have_a_topic_and_older_customers_get_the_guidance(monday):
    old = patient("寿翁", stated_age=78)
    row = talking(old)
    ye = {"by": person(YE), "consultation": row}
    assert selectors.needs_guidance(row)
    assert selectors.guidance(selectors.ELDER_GUIDANCE, "dental") is not None
    assert not selectors.needs_guidance(opened(customer_name="小青", phone="13901230003", age=30))
    assert selectors.needs_guidance(opened(customer_name="大青", phone="13901230004", age=70))

    refused(RuleRefused, "lesson_topic_missing", lambda: actions.write_down(**ye, lesson="先问怕不怕"))
    actions.write_down(**ye, lesson="先问怕不怕", lesson_topic="牙科焦虑", mental_care="紧张，放慢", conduct=["plain"])
    assert [one.pk for one in selectors.listed(person(YE), center(), show="lessons")] == [row.pk]
    offered(row)
    actions.conclude(**ye, outcome="accepted")
    assert NudgeCount.objects.get(gate=actions.CONDUCT).count == 1
    all_kept = talking(patient("周全"))
    actions.write_down(by=person(YE), consultation=all_kept, conduct=["listened", "plain", "fair", "respected"])
    offered(all_kept)
    actions.conclude(by=person(YE), consultation=all_kept, outcome="accepted")
    assert NudgeCount.objects.get(gate=actions.CONDUCT).count == 1


# --- questions, doctors, departments ----------------------------------------------------------------------------------


@pytest.mark.ledger("CS-002", "CS-006")
def test_a_complex_question_stays_open_until_literature_or_a_doctor_answers_it(monday):
    row = talking()
    ye = {"by": person(YE), "consultation": row}
    asked = talks.note_question(**ye, text="吃抗凝药能拔牙吗", is_complex=True)
    answer = {"by": person(YE), "question": asked, "answer": "可以"}
    refused(RuleRefused, "source_needed", lambda: talks.answer_question(**answer, source="house"))
    refused(RuleRefused, "reference_missing", lambda: talks.answer_question(**answer, source="literature"))
    refused(RuleRefused, "doctor_not_answered", lambda: talks.answer_question(**answer, source="doctor"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=asked.pk).update(closed_at=clock.now(), source="house")
    refused(RuleRefused, "questions_open", lambda: actions.conclude(**ye, outcome="refused", refusal="fear"))

    talk = talks.ask_doctor(**ye, doctor=staff("011"), mode="remote", question=asked)

    assert talk.due_at == local("2026-12-07 15:30")  # four opening hours, lunch is none
    task = Task.objects.get(kind=talks.ANSWER)
    assert task.assignee is not None
    assert task.assignee.username == LIN
    refused(RuleRefused, "talk_is_remote", lambda: talks.lead_to_doctor(by=person(YE), talk=talk))
    other = next(one for one in selectors.doctors_to_ask(center()) if one.number != "011").user
    assert other is not None
    refused(Forbidden, "talk_not_yours", lambda: talks.give_answer(by=person(other.username), talk=talk, answer="x"))
    talks.give_answer(by=person(LIN), talk=talk, answer="先查凝血，不自行停药")
    refused(RuleRefused, "customer_not_told", lambda: talks.bring_back(by=person(YE), talk=talk, customer_told=False))
    talks.bring_back(by=person(YE), talk=talk, customer_told=True)

    asked.refresh_from_db()
    assert (asked.source, asked.answer, asked.talk) == ("doctor", "先查凝血，不自行停药", talk)
    assert not Task.objects.filter(kind__in=[talks.ANSWER, talks.BRING], state="open").exists()
    assert actions.conclude(**ye, outcome="refused", refusal="fear").state == "refused"


@pytest.mark.ledger("DE-025", "CS-006")
def test_face_to_face_the_consultant_leads_the_customer_before_the_doctor_answers():
    row = talking(patient("黎明"))
    talk = talks.ask_doctor(
        by=person(YE), consultation=row, doctor=staff("011"), mode="face_to_face", matter="怎么补好",
        due_at=local("2026-12-07 11:00"),
    )  # fmt: skip
    refused(RuleRefused, "not_led_yet", lambda: talks.give_answer(by=person(LIN), talk=talk, answer="两次"))
    talks.lead_to_doctor(by=person(YE), talk=talk)
    talks.give_answer(by=person(LIN), talk=talk, answer="两次完成")
    done = talks.bring_back(by=person(YE), talk=talk, customer_told=True)
    assert (done.state, done.led_by_name, done.presented_by_name) == ("presented", "叶帆", "叶帆")


@pytest.mark.ledger("CS-011", "CS-012", "CS-016")
def test_what_is_passed_on_is_tracked_until_its_department_says_what_was_done(monday):
    row = talking()
    send = {"by": person(YE), "consultation": row, "kind": "suggestion", "matter": "周日也开门"}
    refused(RuleRefused, "department_unknown", lambda: transfers.pass_on(**send, department="nobody"))
    row_out = transfers.pass_on(**send, department="management")
    task = Task.objects.get(kind=transfers.TASK)
    assert (task.roles, task.due_at) == (["clinic_director", "dean"], row_out.due_at)
    assert selectors.day_of(person(YE), center()).passed_on == [row_out]
    refused(RuleRefused, "result_missing", lambda: transfers.settle_transfer(by=SYSTEM, transfer=row_out, result=" "))
    transfers.take_transfer(by=SYSTEM, transfer=row_out)
    transfers.settle_transfer(by=SYSTEM, transfer=row_out, result="一月起试行")
    task.refresh_from_db()
    assert (row_out.state, row_out.result, task.state) == ("settled", "一月起试行", "done")
    with pytest.raises(Forbidden):
        transfers.pass_on(**{**send, "by": person(BAI)}, department="management")


@pytest.mark.ledger("CS-002")
def test_standard_answers_are_in_force_when_somebody_else_has_approved_them():
    item = knowledge.add_question(
        by=person(GAO),
        question_zh="种植牙能用多久",
        answer_zh="维护得好可以用很多年。",
        vertical="dental",
        keywords="寿命",
    )
    [draft] = item.versions.all()
    assert selectors.find_answers("种植牙用多久") == []
    refused(Forbidden, "own_words", lambda: knowledge.approve_answer(by=person(GAO), version=draft))
    refused(Forbidden, "permission_denied", lambda: knowledge.approve_answer(by=person(YE), version=draft))
    boasting = knowledge.write_answer(by=person(YE), item=item, answer_zh="终身有效，零风险。")
    refused(RuleRefused, "claims_exaggerated", lambda: knowledge.approve_answer(by=person(GAO), version=boasting))
    knowledge.reject_answer(by=person(GAO), version=boasting, remark="夸大")
    plain = knowledge.write_answer(by=person(YE), item=item, answer_zh="维护得好可以用很多年，因人而异。")
    knowledge.approve_answer(by=person(GAO), version=plain)

    assert selectors.find_answers("我想问种的牙能用多久", vertical="dental") == [plain]
    row = talking()
    asked = talks.note_question(by=person(YE), consultation=row, text="能用多久")
    closing = {"by": person(YE), "question": asked, "source": "standard"}
    refused(RuleRefused, "standard_missing", lambda: talks.answer_question(**closing, standard=boasting))
    assert talks.answer_question(**closing, standard=plain).answer == plain.answer
    newer = knowledge.write_answer(by=person(YE), item=item, answer_zh="新的说法。")
    assert selectors.find_answers("种植牙能用多久") == [plain]  # the new wording waits
    knowledge.approve_answer(by=person(GAO), version=newer)
    assert [one.number for one in KnowledgeVersion.objects.filter(item=item, state="approved")] == [newer.number]
    with pytest.raises(IntegrityError), transaction.atomic():
        KnowledgeVersion.objects.filter(pk=newer.pk).update(decided_by=person(YE).user_id)


# --- honesty ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CS-008", "CS-009")
def test_where_the_law_wants_risks_told_nothing_is_recommended_or_accepted_without_them(working_for):
    with working_for("lumen"):
        site = person("nora.shen")
        house = Consultation._meta.get_field("site").related_model.objects.first()
        nora = {"by": site}
        row = actions.open_consultation(
            **nora, site=house, channel="online", customer_name="宋雨", vertical="aesthetics"
        )
        row = actions.start_consultation(**nora, consultation=row)
        actions.write_down(**nora, consultation=row, need="a", condition="b", further="treatment", advice="c")
        offer = {**nora, "consultation": row, "item": Item.objects.get(key="aesth-filler"), "content": "注射填充"}
        gap = refused(RuleRefused, "risks_missing", lambda: actions.recommend(**offer, risks="淤青"))
        assert set(gap.fields) == {"precautions"}
        told = {"risks": "淤青、栓塞", "precautions": "当天不按压"}
        refused(RuleRefused, "claims_exaggerated", lambda: actions.recommend(**offer, **told, advantages="零风险"))
        actions.recommend(**offer, **told)
        ending = {**nora, "consultation": row, "outcome": "accepted"}
        refused(RuleRefused, "understanding_missing", lambda: actions.conclude(**ending))
        actions.confirm_understanding(**nora, consultation=row)
        actions.recommend(**offer, **{**told, "risks": "淤青、栓塞、结节"})
        refused(RuleRefused, "understanding_missing", lambda: actions.conclude(**ending))  # what changed is asked anew
        actions.confirm_understanding(**nora, consultation=row)
        assert actions.conclude(**ending).state == "accepted"


def test_elsewhere_words_that_promise_too_much_are_counted_only():
    offered(talking(), advantages="最好的材料")
    assert NudgeCount.objects.get(gate="consultation.exaggeration").count == 1


# --- the fee ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CS-007")
def test_the_fee_is_signed_by_a_doctor_charged_at_the_till_and_settles_one_consultation():
    who, item = patient("费清"), Item.objects.get(key="dental-exam")
    row = talking(who)
    refused(RuleRefused, "file_missing", lambda: fees.ask_fee(
        by=person(YE), consultation=talking(customer_name="过客", phone="13901230009"), item=item, doctor=staff("011")
    ))  # fmt: skip
    fees.ask_fee(by=person(YE), consultation=row, item=item, doctor=staff("011"))
    task = Task.objects.get(kind=fees.SIGN)
    slip = issue_slip(by=person(LIN), site=center(), patient=who, doctor=staff("011"), lines=[SlipLine(item=item)])
    receipt = charge(by=SYSTEM, site=center(), slip=slip, handed_over=[HandedOver(tender="cash", fen=5_000)])

    clockwork()

    row.refresh_from_db()
    task.refresh_from_db()
    assert (row.fee_slip, row.fee_receipt, task.state) == (slip.code, receipt.number, "done")
    again = talking(patient("费明"))
    again.fee_slip = slip.code
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


# --- the success rate -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CS-010")
def test_ye_fans_month_is_counted_by_the_definition_of_the_month(monday, at):
    first, second = accepted(patient("甲")), accepted(patient("乙"))
    slow = talking(patient("丙"))
    actions.conclude(
        by=person(YE), consultation=slow, outcome="undecided", next_step="想想", call_back_on=date(2027, 1, 6)
    )
    declined = talking(patient("丁"))
    actions.conclude(by=person(YE), consultation=declined, outcome="refused", refusal="price")
    at("2026-12-08 10:00")
    repeat = talking(declined.patient)
    assert repeat.origin == declined
    offered(repeat)
    actions.conclude(by=person(YE), consultation=repeat, outcome="accepted")
    december = lambda: success.rates_of_month(center(), date(2026, 12, 1))  # noqa: E731
    whole, [ye] = december()
    # A repetition enlarges nothing; what it led to counts for the first consultation.
    assert (whole.firsts, whole.successes, whole.repetitions, ye.consultant) == (4, 3, 1, staff("112"))

    refused(RuleRefused, "reason_missing", lambda: actions.withdraw_acceptance(
        by=person(YE), consultation=second, reason=" "
    ))  # fmt: skip
    actions.withdraw_acceptance(by=person(YE), consultation=second, reason="家里有事")
    assert december()[0].successes == 3
    parameters.set_parameter(
        by=SYSTEM, key="success_rate_definition", scope=Scope.tenant(), value="accepted_and_kept",
        effective_from=clock.now() + timedelta(hours=1),
    )  # fmt: skip
    at("2027-01-07 10:00")
    offered(slow)
    actions.conclude(by=person(YE), consultation=slow, outcome="accepted")  # on the thirty-first day
    assert december()[0].successes == 3  # a period keeps the definition with which it began
    fact = kpis.success_rate(center(), date(2026, 12, 7))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (3, 4)
    third = accepted(patient("戊"))
    actions.withdraw_acceptance(by=person(YE), consultation=third, reason="改主意")
    accepted(patient("己"))
    january = success.rates_of_month(center(), date(2027, 1, 1))[0]
    assert (january.successes, january.firsts, january.percent) == (1, 2, 50.0)
    assert first.state == "accepted"


@pytest.mark.ledger("CS-010")
def test_forty_eight_first_consultations_thirty_accepted_two_taken_back(monday, at):
    def month(day: date) -> success.Rate:
        began = local(f"{day} 09:00")
        facts: dict[str, Any] = {
            "site": center(), "consultant": staff("112"), "channel": "phone", "state": "refused", "refusal": "price",
            "further": "no", "opened_at": began, "started_at": began, "concluded_at": began,
        }  # fmt: skip
        firsts = Consultation.objects.bulk_create(
            Consultation(
                **facts,
                customer_name=f"顾客{number}",
                accepted_at=began + timedelta(days=30) if number < 30 else None,
                lost_at=began + timedelta(days=31) if number < 2 else None,
            )
            for number in range(48)
        )
        Consultation.objects.bulk_create(
            Consultation(**facts, customer_name=first.customer_name, origin=first) for first in firsts[40:44]
        )
        return success.rates_of_month(center(), day)[0]

    december = month(date(2026, 12, 7))
    assert (december.percent, december.repetitions) == (62.5, 4)
    parameters.set_parameter(
        by=SYSTEM, key="success_rate_definition", scope=Scope.tenant(), value="accepted_and_kept",
        effective_from=local("2026-12-20 08:00"),
    )  # fmt: skip
    assert success.rates_of_month(center(), date(2026, 12, 31))[0].percent == 62.5
    january = month(date(2027, 1, 7)).percent
    assert january is not None
    assert round(january, 1) == 58.3


@pytest.mark.ledger("CS-010", "FU-011")
def test_a_cancelled_booking_is_taken_back_and_a_treatment_ends_that_and_starts_the_consultants_call(monday):
    lost, treated = patient("取消"), patient("治好")
    rows = []
    for who, at_time in ((lost, "2026-12-08 10:00"), (treated, "2026-12-08 14:00")):
        row = talking(who, vertical="dental")
        rows.append(
            actions.conclude(by=person(YE), consultation=row, outcome="booked", appointment=booked(who, at_time))
        )
    refused(RuleRefused, "appointment_of_another", lambda: actions.conclude(
        by=person(YE), consultation=talking(patient("别人")), outcome="booked", appointment=rows[0].appointment
    ))  # fmt: skip
    cancel_appointment(by=person(BAI), appointment=rows[0].appointment, reason="other")
    record_treatment(
        by=person(LIN), site=center(), patient=treated, doctor=staff("011"), item=Item.objects.get(key="dental-filling")
    )
    clockwork()
    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows] == ["withdrawn", "booked"]
    assert rows[1].treated_at is not None
    refused(RuleRefused, "already_treated", lambda: actions.withdraw_acceptance(
        by=person(YE), consultation=rows[1], reason="x"
    ))  # fmt: skip
    from services.followup.actions import close_with_result, make_due
    from services.followup.models import FollowUp

    call = FollowUp.objects.get(plan__rule_key="dental-consultant")
    assert (call.due_on, call.plan.patient) == (date(2026, 12, 14), treated)
    make_due(by=SYSTEM, followup=call)
    close_with_result(
        by=person(YE), followup=call, result="fine", satisfaction="mixed", suggestion="候诊久", suggestion_for="desk"
    )
    clockwork()
    passed = Transfer.objects.get(source_key=f"followup:{call.code}")
    assert (passed.kind, passed.department, passed.matter) == ("suggestion", "desk", "候诊久")


@pytest.mark.ledger("DE-004")
def test_whoever_is_here_for_the_first_time_to_ask_gets_the_class_consultation(smile):
    asking, plain = patient("问询"), patient("看牙")
    opened(asking)
    assert walked_in(asking).visit_class == "consultation"
    assert walked_in(plain).visit_class == "first"
    accepted_one = patient("定了")
    accepted(accepted_one)
    assert walked_in(accepted_one).visit_class == "first"


# --- pages and API ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-017", "CS-001")
def test_the_day_and_the_conversation_on_pages(monday, django_assert_max_num_queries):
    who = patient("朱蕾")
    desk, ye = browser(BAI), browser(YE)
    answer = desk.post("/consultation/new/", {"patient": who.code, "channel": "walk_in", "need": "种牙"})
    assert answer.status_code == 303
    row = Consultation.objects.get()
    for number in range(9):
        opened(customer_name=f"客{number}", phone=f"1390123{number:04d}")
    ye.get("/consultation/")
    with django_assert_max_num_queries(22):
        page = ye.get("/consultation/")
    assert page.content.decode().count("data-row-open") == 10
    url = f"/consultation/{row.code}/"
    assert ye.post(f"{url}start/").status_code == 303
    assert (
        ye.post(f"{url}write/", {"need": "种牙", "condition": "缺牙", "further": "both", "advice": "拍片"}).status_code
        == 303
    )
    item = Item.objects.get(key="dental-implant-one")
    assert "种植体" in ye.post("/consultation/item/", {"item": item.code}).content.decode()  # what its sheet says
    lacking = ye.post(f"{url}recommend/", {"item": item.code})
    assert (lacking.status_code, bool(lacking.context["recommend_form"].errors["content"])) == (422, True)
    assert ye.post(f"{url}recommend/", {"item": item.code, "content": "一期手术"}).status_code == 303
    assert ye.post(f"{url}question/", {"text": "要几次", "is_complex": "on"}).status_code == 303
    assert ye.post("/consultation/search/", {"text": "要几次"}).status_code == 200
    question = Question.objects.get()
    refusal = ye.post(f"/consultation/questions/{question.code}/", {"source": "house", "answer": "两次"})
    assert (refusal.status_code, bool(refusal.context["form"].errors["source"])) == (422, True)
    told = {"source": "literature", "reference": "种植学 2024", "answer": "通常两次手术"}
    assert ye.post(f"/consultation/questions/{question.code}/", told).status_code == 303
    assert ye.post(f"{url}conclude/", {"outcome": "accepted"}).status_code == 303
    assert "缺牙" in ye.get(f"/consultation/patients/{who.code}/").content.decode()
    assert "一期手术" in ye.get(url).content.decode()
    with django_assert_max_num_queries(20):
        listed = ye.get("/consultation/list/?show=taken").content.decode()
    assert listed.count("data-row-open") == 1
    for path in ("success/", "knowledge/", "services/", f"services/{item.code}/", "passed-on/", "knowledge/new/"):
        assert ye.get(f"/consultation/{path}").status_code == 200, path
    seeker = talking(customer_name="过客", phone="13901239999")
    assert (
        "13901239999" in ye.get(f"/consultation/{seeker.code}/").content.decode()
    )  # who must call back sees it, logged
    assert AuditEntry.objects.filter(verb="read", target_code=seeker.code).exists()
    assert "13901239999" not in browser(LIN).get(f"/consultation/{seeker.code}/").content.decode()
    assert desk.get("/consultation/").status_code == 403
    assert desk.get(url).status_code == 403


def test_the_doctors_answer_and_the_departments_result_on_pages(monday):
    row = talking(patient("朱蕾"))
    ye, doctor = browser(YE), browser(LIN)
    asked = {"doctor": staff("011").code, "mode": "face_to_face", "matter": "方案"}
    assert ye.post(f"/consultation/{row.code}/doctor/", asked).status_code == 303
    talk = f"/consultation/talks/{row.talks.get().code}/"
    assert doctor.post(f"{talk}answer/", {"answer": "x"}).status_code == 422
    assert ye.post(f"{talk}lead/").status_code == 303
    assert doctor.get(talk).context["may_answer"]
    assert doctor.post(f"{talk}answer/", {"answer": "两次"}).status_code == 303
    assert ye.post(f"{talk}told/", {}).status_code == 422
    assert ye.post(f"{talk}told/", {"customer_told": "on"}).status_code == 303
    passed = {"kind": "feedback", "department": "desk", "matter": "等太久"}
    assert ye.post(f"/consultation/{row.code}/pass-on/", passed).status_code == 303
    there = f"/consultation/passed-on/{Transfer.objects.get().code}/"
    desk = browser(BAI)
    assert desk.get("/consultation/passed-on/").content.decode().count("data-row-open") == 1
    assert desk.post(f"{there}take/").status_code == 303
    assert desk.post(f"{there}settle/", {"result": "已道歉"}).status_code == 303
    for_finance = transfers.pass_on(by=person(YE), consultation=row, kind="fee", department="finance", matter="退费")
    assert desk.get(f"/consultation/passed-on/{for_finance.code}/").status_code == 404
    made = ye.post("/consultation/knowledge/new/", {"question_zh": "停车在哪", "answer_zh": "地下一层"})
    assert made.status_code == 303
    version = KnowledgeVersion.objects.get(item__question_zh="停车在哪")
    assert ye.post(f"/consultation/answers/{version.code}/approve/").status_code == 403
    assert browser(GAO).post(f"/consultation/answers/{version.code}/approve/").status_code == 303
    assert "地下一层" in ye.post("/consultation/search/", {"text": "停车在哪里"}).content.decode()


def test_the_api_holds_a_consultation(monday):
    ye = api(YE)
    base = "/api/v1/consultation/"
    made = ye.post(
        base, {"site": str(center().code), "channel": "phone", "customer_name": "路晴", "phone": "13901230001"}
    )
    assert (made.status_code, made.json()["phone_masked"]) == (201, "139****0001")
    url = f"{base}{made.json()['code']}/"
    assert ye.post(f"{url}start/").json()["state"] == "talking"
    ye.post(f"{url}notes/", {"need": "a", "condition": "b", "further": "no", "advice": "c"})
    asked = ye.post(f"{url}questions/", {"text": "难题", "is_complex": True}).json()
    final = ye.post(f"{base}questions/{asked['code']}/answer/", {"source": "house", "answer": "x"})
    assert (final.status_code, final.json()["code"]) == (422, "source_needed")
    ending = ye.post(f"{url}conclude/", {"outcome": "refused", "refusal": "time"})
    assert (ending.status_code, ending.json()["code"]) == (422, "questions_open")
    assert ye.get(f"{base}success/").json()["firsts"] == 1
    assert ye.get(base).json()["count"] == 1
    assert api(BAI).get(base).status_code == 403
