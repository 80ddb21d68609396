"""The telephone: calls written down once, messages that arrive, promises that end only when the customer was told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.calendars import Span
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.outbox.models import OutboxEvent
from services.policy.models import NudgeCount
from services.sites.actions import set_exception
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.models import Task
from services.tasks.selectors import visible_tasks
from services.telephone import actions, messages, promises, scripts, selectors
from services.telephone.callers import is_full_name
from services.telephone.models import (
    Call,
    ForbiddenPhrase,
    MessageSlip,
    NuisanceNumber,
    Promise,
    Script,
    ScriptVersion,
)
from services.telephone.starter import FORBIDDEN, PHRASES, load
from services.telephone.wording import closing_greeting, filled
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import booked, center, clockwork, local, patient, stand_in

REN, GAO, LIN, BAI = "ren.tao", "gao.wen", "dr.lin", "bai.lan"
ZHU = {"caller_name": "朱蕾", "phone": "13901230001", "caller_sex": "female"}


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:00")
    return at


def called(by: str = REN, **facts: Any) -> Call:
    """A call that ended, as an agent of the center wrote it down."""
    given: dict[str, Any] = {
        "direction": "in", "purpose": "consultation", "outcome": "answered", "summary": "种植牙会不会影响心脏药物", **facts,
    }  # fmt: skip
    return actions.log_call(by=person(by), site=center(), **given)


def owed(**facts: Any) -> Promise:
    """A call-back that was promised to Zhu Lei."""
    return called(outcome="will_call_back", reachable="随时", **ZHU, **facts).promises.get()


def commitment(due: str = "2026-12-08 16:00", by: str = REN) -> Promise:
    """Something Ren Tao promised to do until then."""
    return promises.make_promise(
        by=person(by), site=center(), kind="commitment", matter="把价目表发给她", customer_name="朱蕾",
        phone="13901230001", due_at=local(due),
    )  # fmt: skip


def slip(recipient: str = "011", **facts: Any) -> MessageSlip:
    """A message that Bai Lan took for a colleague."""
    given: dict[str, Any] = {**ZHU, "matter": "请回电谈矫正方案", **facts}
    return messages.take_message(by=person(BAI), site=center(), recipient=staff(recipient), **given)


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    """What ``act`` is refused with; nothing of it is kept."""
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


# --- calls ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("TC-001")
def test_a_call_is_written_down_with_who_when_what_and_by_whom():
    zhu = patient("朱蕾", phone="13901230001")

    call = called(patient=zhu, rings=2, started_at=local("2026-12-08 13:52"))

    call.refresh_from_db()
    assert (call.caller_name, call.caller_sex, call.phone) == ("朱蕾", "female", "13901230001")
    assert (call.handler_name, call.started_at, call.rings) == ("任涛", local("2026-12-08 13:52"), 2)
    assert call.summary == "种植牙会不会影响心脏药物"
    event = OutboxEvent.objects.get(type="telephone.call_logged")
    assert event.payload == {
        "call": str(call.code), "site": str(center().code), "purpose": "consultation", "outcome": "answered",
        "patient": str(zhu.code),
    }  # fmt: skip

    refused(RuleRefused, "summary_missing", lambda: called(summary=" "))
    refused(RuleRefused, "purpose_unknown", lambda: called(purpose="chat"))
    refused(RuleRefused, "outcome_unknown", lambda: called(outcome="fine"))
    refused(RuleRefused, "phone_invalid", lambda: called(phone="12"))
    refused(RuleRefused, "time_impossible", lambda: called(started_at=local("2026-12-08 18:00")))
    with pytest.raises(Forbidden):
        called(by=LIN)
    assert Call.objects.count() == 1


@pytest.mark.ledger("TC-001")
def test_phone_and_summary_lie_sealed_in_the_database():
    called(**ZHU)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, summary, phone_index, phone_last_four FROM telephone_call")
        row = cursor.fetchone()
    assert not any("13901230001" in one or "心脏" in one or one == "0001" for one in row)
    assert Call.objects.filter(phone_index__marks="139 0123 0001").exists()


def test_a_known_caller_is_found_by_the_number_in_any_spelling():
    mother, child = patient("朱蕾", phone="13901230001"), patient("朱小贝", phone="13901230001", stated_age=8)

    known = selectors.known_callers(person(REN), "+86 139-0123-0001")

    assert {one.pk for one in known.patients} == {mother.pk, child.pk}
    assert selectors.known_callers(person(REN), "1390123").patients == []
    called(phone="13901239999", caller_name="路人")
    [earlier] = selectors.known_callers(person(REN), "13901239999").earlier
    assert earlier.caller_name == "路人"
    assert selectors.known_callers(person("fang.li"), "13901239999").earlier == []


@pytest.mark.ledger("TC-019")
def test_a_silent_call_needs_no_words_and_just_ends():
    silent = called(purpose="silent", outcome="ended", summary="")
    assert (silent.caller_name, silent.summary) == ("", "")
    refused(RuleRefused, "outcome_not_possible", lambda: called(purpose="silent", outcome="will_call_back", **ZHU))
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=silent.pk).update(outcome="answered")


@pytest.mark.ledger("TC-021")
def test_a_nuisance_number_is_marked_shown_to_the_next_and_lifted_by_a_superior():
    called(purpose="nuisance", outcome="ended", summary="推销", phone="13900000009")

    assert selectors.known_callers(person(BAI), "13900000009").is_nuisance
    [marked] = selectors.marked_numbers()
    assert (marked.phone, marked.reason, marked.marked_by_name) == ("13900000009", "推销", "任涛")
    called(purpose="nuisance", outcome="ended", summary="", phone="139 0000 0009")
    assert NuisanceNumber.objects.count() == 1
    refused(
        Conflict, "already_marked", lambda: actions.mark_nuisance(by=person(REN), phone="13900000009", reason="又打")
    )
    with pytest.raises(Forbidden):
        actions.lift_nuisance(by=person(REN), number=marked)
    actions.lift_nuisance(by=person(GAO), number=marked)
    assert not selectors.known_callers(person(BAI), "13900000009").is_nuisance
    actions.mark_nuisance(by=person(REN), phone="13900000009", reason="又来推销")


@pytest.mark.ledger("TC-021")
def test_a_patients_number_is_never_marked():
    patient("朱蕾", phone="13901230001")
    marking = lambda: actions.mark_nuisance(by=person(REN), phone="13901230001", reason="吵闹")  # noqa: E731
    refused(RuleRefused, "number_of_a_patient", marking)
    called(purpose="nuisance", outcome="ended", summary="吵闹", phone="13901230001")
    assert not NuisanceNumber.objects.exists()


@pytest.mark.ledger("TC-023")
def test_a_booking_by_phone_needs_name_and_phone_read_back():
    facts = {"purpose": "booking", "outcome": "booked", **ZHU}
    refused(RuleRefused, "read_back_missing", lambda: called(**facts))
    refused(RuleRefused, "phone_missing", lambda: called(**{**facts, "phone": ""}, read_back=True))
    call = called(**facts, read_back=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(read_back=False)


@pytest.mark.ledger("TC-002")
def test_calls_that_rang_longer_than_the_rule_are_counted(tuesday):
    for rings in (2, 3, 4, None):
        called(rings=rings)
    called(direction="out", rings=9)

    figures = selectors.figures_of_day(person(GAO), center(), date(2026, 12, 8))

    assert figures == {"incoming": 4, "outgoing": 1, "counted": 3, "slow": 1}


def test_the_log_of_another_site_is_not_there():
    call = called()
    assert selectors.access_call(person(GAO), call.code) == call
    for stranger in ("luo.ping", LIN):
        refused(
            NotFound, "call_not_found", lambda stranger=stranger: selectors.access_call(person(stranger), call.code)
        )


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("TC-006")
def test_a_call_for_an_absent_colleague_leaves_a_message_in_their_inbox():
    call = called(purpose="find_person", outcome="message", recipient=staff("011"), summary="请回电", **ZHU)

    [left] = call.slips.all()
    assert (left.recipient.name, left.caller_name, left.phone, left.matter) == (
        "林医生",
        "朱蕾",
        "13901230001",
        "请回电",
    )
    [task] = visible_tasks(person(LIN)).filter(kind="telephone.message")
    assert (task.assignee.username, task.due_at) == (LIN, local("2026-12-08 14:30"))
    assert "朱蕾" not in str(task.args) + task.title + task.detail
    assert not visible_tasks(person("dr.xu")).filter(kind="telephone.message").exists()
    refused(RuleRefused, "recipient_missing", lambda: called(purpose="find_person", outcome="message", **ZHU))


@pytest.mark.ledger("TC-007")
@pytest.mark.parametrize(
    "missing,code",
    [
        ({"caller_name": ""}, "name_missing"),
        ({"caller_sex": ""}, "sex_missing"),
        ({"phone": ""}, "phone_missing"),
        ({"matter": " "}, "matter_missing"),
    ],
)
def test_a_message_is_taken_whole_or_not_at_all(missing, code):
    refused(RuleRefused, code, lambda: slip(**missing))
    assert not MessageSlip.objects.exists()
    assert not Task.objects.filter(kind="telephone.message").exists()
    slip()
    with pytest.raises(IntegrityError), transaction.atomic():
        MessageSlip.objects.update(caller_name="")


def test_a_colleague_without_an_account_has_no_inbox():
    StaffMember.objects.filter(number="011").update(user=None)
    refused(RuleRefused, "recipient_without_inbox", slip)


@pytest.mark.ledger("TC-007")
def test_only_the_person_it_is_for_acknowledges_and_settles_a_message():
    left = slip()
    for other in ("dr.xu", BAI, GAO):
        refused(
            Forbidden,
            "slip_not_yours",
            lambda other=other: messages.acknowledge_message(by=person(other), slip=left),
        )
    refused(Conflict, "invalid_transition", lambda: messages.close_message(by=person(LIN), slip=left))

    messages.acknowledge_message(by=person(LIN), slip=left)

    assert (left.state, left.acknowledged_by_name) == ("acknowledged", "林医生")
    assert Task.objects.get(kind="telephone.message").state == "done"
    refused(Forbidden, "slip_not_yours", lambda: messages.close_message(by=person(GAO), slip=left))
    messages.close_message(by=person(LIN), slip=left)
    assert left.state == "closed"


def test_who_stands_in_for_the_person_may_acknowledge_for_them():
    left = slip()
    stand_in(LIN, "dr.xu", "doctor")
    messages.acknowledge_message(by=person("dr.xu"), slip=left)
    assert left.acknowledged_by_name == "徐医生"


@pytest.mark.ledger("TC-007")
def test_what_has_not_arrived_stands_in_the_hand_over(tuesday):
    first, second, third = slip(), slip("014"), slip("020")
    messages.deliver_message(by=person(REN), slip=second)
    messages.acknowledge_message(by=person("dr.xu"), slip=third)

    assert list(selectors.undelivered(center())) == [first]
    assert (second.delivered_by_name, second.acknowledged_at) == ("任涛", None)

    tuesday("2026-12-08 14:31")
    clockwork()
    late = visible_tasks(person(GAO)).filter(kind="telephone.message")
    assert {task.key for task in late} == {str(first.code), str(second.code)}


@pytest.mark.ledger("TC-032")
def test_a_reply_is_owed_to_the_caller_by_who_took_the_message(tuesday):
    zhu = patient("朱蕾", phone="13901230001")
    left = slip(patient=zhu)
    messages.acknowledge_message(by=person(LIN), slip=left)

    messages.close_message(by=person(LIN), slip=left, reply="停药三天后再来")

    reply = Promise.objects.get(slip=left)
    assert (reply.kind, reply.state, reply.answer, reply.answered_by_name) == (
        "reply", "answer_ready", "停药三天后再来", "林医生",
    )  # fmt: skip
    [task] = visible_tasks(person(BAI)).filter(kind="telephone.tell")
    assert task.subject_code == zhu.code
    promises.tell_customer(by=person(BAI), promise=reply, customer_told=True)
    assert reply.outcome == "fulfilled"


# --- promises ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("TC-011", "TC-012", "TC-016")
def test_a_promised_call_back_goes_to_the_supervisor_and_ends_only_when_the_customer_was_told(tuesday):
    """SC-10: without full name and phone it cannot be written down; the supervisor's answer alone closes nothing."""
    until_six = [Span.parse("08:30", "12:00"), Span.parse("13:30", "18:00")]
    set_exception(by=SYSTEM, site=center(), day=date(2026, 12, 8), spans=until_six, reason="long day")
    asked = {"outcome": "will_call_back", "reachable": "随时"}
    refused(RuleRefused, "phone_missing", lambda: called(**asked, caller_name="朱蕾"))
    refused(RuleRefused, "full_name_missing", lambda: called(**asked, caller_name="朱女士", phone="13901230001"))
    refused(RuleRefused, "full_name_missing", lambda: called(**asked, caller_name="", phone="13901230001"))
    refused(RuleRefused, "reachable_missing", lambda: called(**{**asked, "reachable": ""}, **ZHU))
    assert (Call.objects.count(), Promise.objects.count()) == (0, 0)

    promise = owed()

    assert (promise.state, promise.due_at) == ("with_superior", local("2026-12-08 18:00"))
    [task] = visible_tasks(person(GAO)).filter(kind="telephone.answer")
    assert (task.due_at, task.group) == (local("2026-12-08 18:00"), "promise")
    assert not visible_tasks(person(REN)).filter(kind__startswith="telephone.").exists()

    # Ren has nothing to say yet, and whoever says nothing to the customer closes nothing.
    ren, gao = person(REN), person(GAO)
    telling = promises.tell_customer
    refused(Forbidden, "transition_forbidden", lambda: telling(by=ren, promise=promise, customer_told=True))
    promises.answer_promise(by=gao, promise=promise, answer="不影响，继续服药，带上处方")
    assert (promise.state, promise.outcome, promise.answered_by_name) == ("answer_ready", "", "高文")
    assert promise in selectors.promises_listed(gao, center(), show="open")
    assert not visible_tasks(gao).filter(kind="telephone.answer").exists()
    [tell] = visible_tasks(ren).filter(kind="telephone.tell")
    refused(RuleRefused, "customer_not_told", lambda: telling(by=ren, promise=promise, customer_told=False))

    tuesday("2026-12-08 16:20")
    telling(by=ren, promise=promise, customer_told=True, note="已转告")

    promise.refresh_from_db()
    assert (promise.state, promise.outcome, promise.outcome_by_name) == ("told", "fulfilled", "任涛")
    assert (promise.told_at, promise.outcome_at) == (local("2026-12-08 16:20"),) * 2
    tell.refresh_from_db()
    assert tell.state == "done"
    clockwork()
    refused(Conflict, "invalid_transition", lambda: telling(by=ren, promise=promise, customer_told=True))


@pytest.mark.ledger("TC-011")
def test_the_supervisor_may_answer_the_customer_personally():
    promise, gao = owed(), person(GAO)
    telling = promises.tell_customer
    refused(RuleRefused, "answer_missing", lambda: telling(by=gao, promise=promise, customer_told=True))
    refused(RuleRefused, "customer_not_told", lambda: telling(by=gao, promise=promise, customer_told=False, note="…"))

    telling(by=gao, promise=promise, customer_told=True, note="不影响")

    assert (promise.state, promise.answer, promise.told_by_name, promise.outcome) == (
        "told",
        "不影响",
        "高文",
        "fulfilled",
    )
    assert Task.objects.get(kind="telephone.answer").state == "done"
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise.objects.filter(pk=promise.pk).update(told_at=None)


def test_hours_count_while_the_site_is_open(tuesday):
    assert owed().due_at == local("2026-12-09 09:00")  # three and a half today, half an hour tomorrow


@pytest.mark.ledger("TC-013")
def test_a_request_beyond_authority_is_forwarded_with_the_alternative_that_was_offered():
    asked = {"outcome": "forwarded", "reachable": "下午", "summary": "要求免费重做", **ZHU}
    refused(RuleRefused, "alternative_missing", lambda: called(**asked))

    request = called(**asked, alternative="先免费检查").promises.get()

    assert (request.kind, request.state, request.alternative) == ("request", "with_superior", "先免费检查")
    assert visible_tasks(person(GAO)).filter(kind="telephone.answer", key=str(request.code)).exists()
    with pytest.raises(Forbidden):
        promises.answer_promise(by=person(REN), promise=request, answer="可以")


def test_an_unresolved_complaint_goes_to_the_director():
    asked = {"purpose": "complaint", "outcome": "forwarded", "summary": "牙冠崩了", "alternative": "先免费检查"}
    complaint = called(**asked, reachable="随时", **ZHU).promises.get()
    assert visible_tasks(person("shen.ke")).filter(kind="telephone.answer").exists()
    assert not visible_tasks(person(GAO)).filter(kind="telephone.answer").exists()
    promises.tell_customer(by=person("shen.ke"), promise=complaint, customer_told=True, note="今天下午复诊，免费重做")
    assert complaint.outcome == "fulfilled"


@pytest.mark.ledger("TC-016")
def test_a_commitment_has_an_owner_and_a_day_and_a_broken_one_stays_visible(tuesday):
    refused(RuleRefused, "due_in_the_past", lambda: commitment("2026-12-08 13:00"))
    promise = commitment()
    assert visible_tasks(person(REN)).filter(kind="telephone.tell").exists()
    assert not visible_tasks(person(GAO)).filter(kind="telephone.tell").exists()

    tuesday("2026-12-08 16:00")
    clockwork()

    promise.refresh_from_db()
    assert (promise.state, promise.outcome, promise.outcome_by_name) == ("captured", "broken", "任涛")
    assert promise.outcome_at == local("2026-12-08 16:00")
    assert visible_tasks(person(GAO)).filter(kind="telephone.tell").exists()  # the supervisor sees it now
    assert OutboxEvent.objects.filter(type="telephone.promise_broken").count() == 1

    tuesday("2026-12-08 16:40")
    promises.tell_customer(by=person(REN), promise=promise, customer_told=True)

    promise.refresh_from_db()
    assert (promise.state, promise.outcome) == ("told", "broken")
    assert promise in selectors.promises_listed(person(GAO), center(), show="broken")
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise.objects.filter(pk=promise.pk).update(outcome="fulfilled")


@pytest.mark.ledger("TC-016")
def test_a_promise_told_late_is_broken_even_before_the_timer_has_fired(tuesday):
    promise = commitment()
    tuesday("2026-12-08 16:01")
    promises.tell_customer(by=person(REN), promise=promise, customer_told=True)
    assert (promise.outcome, promise.outcome_at, promise.outcome_by_name) == (
        "broken", local("2026-12-08 16:00"), "任涛",
    )  # fmt: skip


def test_a_kept_promise_is_left_alone_by_its_timer(tuesday):
    promise = commitment()
    promises.tell_customer(by=person(REN), promise=promise, customer_told=True)
    tuesday("2026-12-08 18:00")
    clockwork()
    promise.refresh_from_db()
    assert promise.outcome == "fulfilled"


@pytest.mark.parametrize(
    "name,full",
    [("朱蕾", True), ("欧阳明", True), ("朱女士", False), ("朱", False), ("王总", False), ("Li Na", True), ("Mr Li", False), ("Li", False)],
)  # fmt: skip
def test_what_is_a_full_name(name, full):
    assert is_full_name(name) is full


# --- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("TC-030")
def test_starter_scripts_are_there_once_and_a_change_of_the_tenant_stays():
    assert Script.objects.filter(vertical="").count() == len(PHRASES)
    assert ForbiddenPhrase.objects.count() == len(FORBIDDEN)
    opening = Script.objects.get(key="opening")
    scripts.write_script(by=person(GAO), script=opening, text_zh="您好，{clinic}{agent}为您服务。")
    scripts.allow_phrase(by=person(GAO), phrase=ForbiddenPhrase.objects.get(text="办不到"))

    load()

    assert Script.objects.filter(vertical="").count() == len(PHRASES)
    assert opening.versions.count() == 2
    assert not ForbiddenPhrase.objects.get(text="办不到").is_active


@pytest.mark.ledger("TC-030")
def test_new_words_are_a_new_version_and_the_old_ones_stay():
    opening, gao = Script.objects.get(key="opening"), person(GAO)
    before = opening.versions.get()
    same = {"text_zh": before.text_zh, "text_hant": before.text_hant, "text_en": before.text_en}
    scripts.write_script(by=gao, script=opening, **same)
    assert opening.versions.count() == 1
    read = Script.objects.get(key="opening").version

    scripts.write_script(by=gao, script=opening, text_zh="您好，这里是{clinic}。", version=read)

    assert [row.number for row in opening.versions.all()] == [2, 1]
    before.refresh_from_db()
    assert "{agent}" in before.text_zh
    writing = scripts.write_script
    refused(RuleRefused, "variable_unknown", lambda: writing(by=gao, script=opening, text_zh="您好，{password}"))
    refused(RuleRefused, "text_missing", lambda: writing(by=gao, script=opening, text_zh=" "))
    refused(Conflict, "script_changed", lambda: writing(by=gao, script=opening, text_zh="喂", version=read))
    with pytest.raises(Forbidden):
        writing(by=person(REN), script=opening, text_zh="喂")
    assert ScriptVersion.objects.filter(script=opening).count() == 2


@pytest.mark.ledger("TC-030")
def test_the_script_of_a_purpose_comes_with_what_is_known_filled_in():
    who = patient("朱蕾", phone="13901230001")
    booked(who, "2026-12-09 10:00")

    values = selectors.values_of(person(REN), center(), patient=who)
    said = {one.script.key: one.text for one in selectors.scripts_for("reminder", values)}

    assert said["opening"] == "您好，微笑口腔中心店，我是任涛，请问有什么可以帮您？"
    assert "朱蕾您好" in said["reminder"]
    assert "10:00林医生的门诊" in said["reminder"]
    assert "booking" not in said
    [silent] = [one for one in selectors.scripts_for("silent", values) if one.script.key == "silent"]
    assert "（等3秒）" in silent.text


def test_a_script_of_the_only_line_of_business_takes_the_place_of_the_general_one():
    scripts.ensure_script(
        by=person(GAO), key="consultation", vertical="dental", purpose="consultation", title_zh="口腔咨询", text_zh="免费检查。"
    )  # fmt: skip
    said = [one for one in selectors.scripts_for("consultation", {}) if one.script.key == "consultation"]
    assert [one.title for one in said] == ["口腔咨询"]


def test_what_is_not_known_shows_its_name_instead_of_a_hole():
    assert "{" not in filled("{patient}，{date}见。{greeting}", {"patient": "朱蕾"})
    assert filled("{patient}见。{greeting}", {"patient": "朱蕾"}) == "朱蕾见。"


@pytest.mark.ledger("TC-027")
@pytest.mark.parametrize(
    "day,part",
    [
        (date(2026, 12, 8), ""),
        (date(2026, 12, 11), "weekend"),
        (date(2026, 12, 30), "New Year"),
        (date(2026, 9, 24), "Mid-Autumn"),
        (date(2026, 9, 29), "National Day"),
        (date(2026, 2, 15), "Spring Festival"),
        (date(2026, 4, 2), ""),  # before the day of mourning, a Thursday
    ],
)
def test_the_end_of_a_call_wishes_what_the_day_asks_for(day, part, settings):
    from django.utils import translation

    with translation.override("en"):
        wish = closing_greeting(day)
    assert (part in wish) if part else wish == ""


@pytest.mark.ledger("TC-030")
def test_forbidden_words_are_counted_and_never_block():
    called(summary="我跟她说不知道，也没办法")
    called(summary="已核实并答复")
    promise = owed()
    promises.answer_promise(by=person(GAO), promise=promise, answer="这个不归我管")

    count = NudgeCount.objects.get(gate="telephone.forbidden_phrase", site=center(), day=date(2026, 12, 8))
    assert count.count == 2
    assert Call.objects.count() == 3


def test_two_sites_keep_their_promises_apart():
    promise = owed()
    harbor = Site.objects.get(slug="harbor")
    assert not selectors.promises_listed(person("rong.an"), harbor).exists()
    refused(NotFound, "promise_not_found", lambda: selectors.access_promise(person("luo.ping"), promise.code))
