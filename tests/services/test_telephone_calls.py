"""How calls are dealt with: no pretending, complaints up to the dean, suggestions, courtesy calls, scripts for every row."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel import parameters
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.outbox.models import OutboxEvent
from kernel.parameters.actions import set_parameter
from services.cashier.actions import SlipLine, issue_slip
from services.catalogue.models import Item
from services.followup.models import FollowUp, Plan
from services.tasks.models import Task
from services.tasks.selectors import visible_tasks
from services.telephone import actions, courtesy, handling, selectors
from services.telephone.kpis import answered_in_rings
from services.telephone.models import Call, CourtesyCall, Script, Suggestion
from services.telephone.starter import PHRASES
from tests.services.doors import SYSTEM, browser, person, staff, statements
from tests.services.flow import center, local, patient
from tests.services.till import charged, paper, signed

REN, GAO, DEAN = "ren.tao", "gao.wen", "dou.heng"
ZHU = {"caller_name": "朱蕾", "phone": "13901230001", "caller_sex": "female"}
# Rows of the ledger that ask for words to be said on the phone.
SPOKEN = (
    "TC-003", "TC-004", "TC-005", "TC-008", "TC-014", "TC-017", "TC-018", "TC-020", "TC-022", "TC-024", "TC-025",
    "TC-026", "TC-028", "TC-029", "AP-016",
)  # fmt: skip


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:00")
    return at


def called(**facts: Any) -> Call:
    given: dict[str, Any] = {
        "direction": "in", "purpose": "consultation", "outcome": "answered", "summary": "种植牙要多久", **facts,
    }  # fmt: skip
    return actions.log_call(by=person(REN), site=center(), **given)


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def seen_by(username: str, kind: str) -> int:
    return visible_tasks(person(username)).filter(kind=kind).count()


@pytest.mark.ledger("TC-009")
def test_a_question_is_answered_handed_to_a_doctor_or_ends_with_an_invitation_or_a_call_back():
    assert called().way == "self"
    refused(RuleRefused, "question_without_next_step", lambda: called(outcome="ended"))
    refused(RuleRefused, "consulted_missing", lambda: called(way="doctor"))
    refused(RuleRefused, "consulted_missing", lambda: called(way="doctor", consulted=staff("102")))
    answered = called(way="doctor", consulted=staff("011"))
    assert (answered.way, answered.consulted) == ("doctor", staff("011"))
    refused(RuleRefused, "invitation_without_booking", lambda: called(way="invited"))
    assert called(outcome="not_booked").way == "invited"
    assert called(outcome="will_call_back", reachable="随时", **ZHU).promises.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=answered.pk).update(outcome="ended")

    page = browser(REN)
    free = page.get("/telephone/new/").content.decode()
    assert "林医生" in free
    form = {
        "direction": "in", "purpose": "consultation", "outcome": "answered", "summary": "问种植", "way": "doctor",
        "consulted": str(staff("011").code),
    }  # fmt: skip
    assert page.post("/telephone/new/", form).status_code == 303
    assert page.post("/telephone/new/", {**form, "outcome": "ended"}).status_code == 422


@pytest.mark.ledger("TC-010")
def test_a_complaint_is_resolved_or_goes_to_the_director_and_a_serious_one_to_the_dean_at_once():
    angry = {"purpose": "complaint", "summary": "拔牙后一直出血，没人管"}
    for outcome in ("ended", "not_booked", "transferred"):
        refused(RuleRefused, "complaint_unresolved", lambda outcome=outcome: called(outcome=outcome, **angry))
    refused(RuleRefused, "phone_missing", lambda: called(serious=True, caller_name="朱蕾", **angry))
    refused(RuleRefused, "full_name_missing", lambda: called(serious=True, **{**ZHU, "caller_name": "朱女士"}, **angry))
    refused(RuleRefused, "serious_without_complaint", lambda: called(serious=True, **ZHU))

    called(outcome="will_call_back", reachable="随时", **ZHU, **angry)
    assert (seen_by("shen.ke", "telephone.answer"), seen_by(DEAN, handling.SERIOUS)) == (1, 0)
    serious = called(serious=True, outcome="will_call_back", reachable="随时", **ZHU, **angry)
    assert seen_by(DEAN, handling.SERIOUS) == 1
    assert Task.objects.get(kind=handling.SERIOUS).due_at == local("2026-12-08 14:15")
    event = OutboxEvent.objects.get(type="telephone.serious_complaint")
    assert event.payload == {"call": str(serious.code), "site": str(center().code)}

    text = browser(DEAN).get(f"/telephone/{serious.code}/").content.decode()
    assert "13901230001" in text
    assert AuditEntry.objects.filter(data__part="phone").exists()
    assert "13901230001" not in browser("bai.lan").get(f"/telephone/{serious.code}/").content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=serious.pk).update(purpose="booking")


@pytest.mark.ledger("TC-015")
def test_what_a_customer_suggests_is_kept_and_reaches_the_department():
    call = called(suggestion="希望能用某银行卡免费洗牙", **ZHU)
    row = Suggestion.objects.get(call=call)
    assert (row.words, row.by_name) == ("希望能用某银行卡免费洗牙", "任涛")
    assert (seen_by(GAO, handling.SUGGESTED), seen_by(REN, handling.SUGGESTED)) == (1, 0)
    assert "某银行卡" in browser(GAO).get(f"/telephone/{call.code}/").content.decode()
    assert "cannot-satisfy" in {one.script.key for one in selectors.scripts_for("consultation", {})}


@pytest.mark.ledger("TC-031")
def test_courtesy_calls_are_made_where_a_superior_ordered_them_and_every_result_is_kept():
    one, two, three = patient("甲一"), patient("乙二"), patient("丙三")
    hello = {"direction": "out", "purpose": "greeting", "patient": one, "summary": "问候"}
    refused(RuleRefused, "courtesy_not_ordered", lambda: called(**hello))
    facts = {"site": center(), "occasion": "种植后问候", "patients": [one, two], "due_on": date(2026, 12, 9)}
    with pytest.raises(Forbidden):
        courtesy.order_calls(by=person(REN), **facts)
    refused(RuleRefused, "list_empty", lambda: courtesy.order_calls(by=person(GAO), **{**facts, "patients": []}))
    plan = Plan.objects.create(
        rule_key="x", source_key="x", room="x", site=center(), patient=three, anchor_on=date(2026, 12, 8)
    )
    FollowUp.objects.create(plan=plan, offset="1d", due_on=date(2026, 12, 9))
    refused(
        RuleRefused, "called_by_protocol",
        lambda: courtesy.order_calls(by=person(GAO), **{**facts, "patients": [one, three]}),
    )  # fmt: skip

    lead = browser(GAO)
    form = {"occasion": "种植后问候", "due_on": "2026-12-09", "numbers": f"{one.record_number}\n{two.record_number}"}
    assert lead.post("/telephone/courtesy/", {**form, "numbers": "X-0"}).status_code == 422
    assert lead.post("/telephone/courtesy/", form).status_code == 303
    first, second = CourtesyCall.objects.order_by("id")
    web = browser("bai.lan")
    assert "甲一" in web.get(f"/telephone/courtesy/{first.order.code}/").content.decode()
    url = "/telephone/courtesy/calls/"
    assert web.post(f"{url}{first.code}/", {"result": "unreached"}).status_code == 303
    assert web.post(f"{url}{first.code}/", {"result": "wish"}).status_code == 422
    assert web.post(f"{url}{first.code}/", {"result": "wish", "summary": "想预约洗牙"}).status_code == 303
    first.refresh_from_db()
    assert (first.result, first.tries, first.result_by_name) == ("wish", 2, "白岚")
    assert (first.call.direction, first.call.purpose, first.call.patient) == ("out", "greeting", one)
    refused(
        Conflict, "courtesy_done",
        lambda: courtesy.note_result(by=person("bai.lan"), site=center(), courtesy=first, result="well"),
    )  # fmt: skip
    assert Task.objects.get(kind=courtesy.TASK).state == "open"
    courtesy.note_result(by=person("bai.lan"), site=center(), courtesy=second, result="declined")
    assert Task.objects.get(kind=courtesy.TASK).state == "done"
    [order] = courtesy.orders_at(person(GAO), center())
    assert (order.done, order.total) == (2, 2)
    boss, site = person(GAO), center()
    assert statements(lambda: list(courtesy.orders_at(boss, site))) == 1


# What each row decides, by script: words of the Chinese text, words of the English one.
DECISIVE: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "TC-003": {
        "opening": (("您好", "{clinic}", "{agent}", "帮您"), ("{clinic}", "{agent}", "help you")),
        "manners": (("约一厘米", "微笑"), ("about 1 cm", "smile")),
    },
    "TC-004": {"manners": (("请对方先挂断", "骚扰电话第二步", "停顿{pause}秒"), ("hang up first", "second step", "{pause}"))},
    "TC-005": {"manners": (("不开免提", "不打私人电话", "不吃零食"), ("No loudspeaker", "no private calls", "no snacks"))},
    "TC-008": {"operator": (("总机", "规范写在这里"), ("switchboard", "operator standard"))},
    "TC-014": {"unreasonable": (("超出了我们的服务范围", "不争辩", "请主管", "没关系"), ("outside of what", "argue", "supervisor", "Never mind"))},
    "TC-017": {"hold": (("请您稍等", "让您久等了，还需要", "谢谢您的耐心等候", "让您久等了，抱歉", "感谢您等候"),
                        ("One moment", "takes a little longer", "Thank you for waiting", "sorry to have kept", "your patience"))},
    "TC-018": {"volume": (("大声一点", "轻声再请一次", "话筒移近", "适当提高音量", "可以请您换个位置", "免提", "换一部电话", "等{pause}秒"),
                          ("speak up", "once more", "microphone nearer", "disturbing colleagues", "May I ask you to change", "loudspeaker", "another phone", "{pause}"))},
    "TC-020": {"dialect": (("普通话", "您是想问", "朋友", "可以用方言"), ("Mandarin", "is that right", "friend", "dialect may be spoken"))},
    "TC-022": {"invited": (("谢谢您的好意", "只谈工作"), ("decline", "work only"))},
    "TC-024": {
        "clarify": (("我理解得对吗", "再说一遍", "不用行话", "我没说清楚", "我在听", "应该是", "补充"),
                    ("understood", "once more", "plain words", "not clear", "listening", "not exact", "add")),
        "consultation": (("复述",), ("in my own words",)),
    },
    "TC-025": {"manners": (("亲切", "称呼对方", "先告诉对方", "引导", "不问“为什么”"), ("warm voice", "by name", "announce", "lead by questions", "do not ask why"))},
    "TC-026": {"flexible": (("请放心", "不方便接听", "打断您", "谢谢您提醒", "我建议"), ("do not worry", "cannot take", "interrupt", "thank", "suggest"))},
    "TC-028": {"lingering": (("还有什么需要我帮忙", "不用谢"), ("anything else", "You are welcome"))},
    "TC-029": {"anger": (("心情我理解", "要点", "对方角度", "不代医院下结论"), ("understand", "main points", "caller's side", "decide for the house"))},
    "AP-016": {"change": (("谢谢您提前", "尽早来电"), ("Thank you", "call as early"))},
}  # fmt: skip


@pytest.mark.ledger(*DECISIVE)
@pytest.mark.parametrize("row", DECISIVE)
def test_the_script_of_a_row_says_what_the_row_decides(row: str) -> None:
    assert set(DECISIVE) == set(SPOKEN)
    for key, (chinese, english) in DECISIVE[row].items():
        words = Script.objects.get(key=key, vertical="").versions.get(number=1)
        assert [word for word in chinese if word not in words.text_zh] == []
        assert [word for word in english if word not in words.text_en] == []
    assert parameters.value("hangup_pause") == 2


@pytest.mark.ledger(*SPOKEN)
def test_every_row_that_asks_for_words_has_a_script_in_force():
    known = {script.key: script for script in Script.objects.filter(vertical="", is_active=True)}
    for row in SPOKEN:
        keys = [phrase.key for phrase in PHRASES if row in phrase.ledger]
        assert keys, row
        for key in keys:
            assert key in known, (row, key)
            first = known[key].versions.get(number=1)
            assert first.text_zh.strip()
            assert first.text_en.strip()


@pytest.mark.ledger("TC-030")
def test_the_script_of_the_account_says_what_is_to_be_paid_and_owed():
    zhu = patient("朱蕾", phone="13901230001")
    filling = Item.objects.get(key="dental-filling")
    issue_slip(
        by=person("dr.lin"),
        site=center(),
        patient=zhu,
        doctor=staff("011"),
        lines=[SlipLine(item=filling, remark="36")],
    )
    said = {
        one.script.key: one.text
        for one in selectors.scripts_for("booking", selectors.values_of(person(REN), center(), patient=zhu))
    }
    assert "420.00" in said["account"]
    assert "0.00" in said["account"]
    assert "【" not in said["account"]
    assert AuditEntry.objects.filter(data__part="account").count() == 1
    nobody = selectors.values_of(person("fang.li"), center(), patient=zhu)
    assert "amount" not in nobody


@pytest.mark.ledger("TC-002")
def test_the_share_of_calls_answered_in_time_counts_those_whose_rings_were_counted():
    day = date(2026, 12, 8)
    assert answered_in_rings(center(), day) is None
    for rings in (1, 3, 4, None):
        called(rings=rings)
    called(direction="out", rings=1, purpose="reminder")
    fact = answered_in_rings(center(), day)
    assert (fact.numerator, fact.denominator, fact.n) == (2, 3, 3)


@pytest.mark.ledger("TC-033")
def test_the_receipt_carries_the_number_of_the_clinic_and_the_one_for_emergencies():
    given = paper(charged(signed(patient("梁博"), "scaling")))
    assert (given["phone"], given["emergency_phone"]) == (center().phone, "120")
    set_parameter(by=SYSTEM, key="emergency_phone", value="021-62880199")
    assert paper(charged(signed(patient("宋倩"), "scaling")))["emergency_phone"] == "021-62880199"
    assert "after-visit" in {one.script.key for one in selectors.scripts_for("consultation", {})}
