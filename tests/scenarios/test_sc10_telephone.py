"""SC-10, as far as the telephone goes: a promise that only the customer's ear ends, a complaint that reaches the dean at
once, and a private number that nobody gets.

Who handles a complaint, what is offered and for how long its answer may take (CP-002 to CP-025) belongs to the room of
complaints; the call, its tasks and its promise are what that room begins with.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, clockwork, moment, utc

DAY = "2026-12-08"
CALLS = "telephone/calls/"
ZHU = {"caller_name": "朱蕾", "caller_sex": "female", "phone": "13901230001"}
ASKED = {"direction": "in", "purpose": "consultation", "summary": "种植牙会不会影响心脏药物？", "rings": 2}
CAO = {"caller_name": "曹志", "caller_sex": "male", "phone": "13901230002"}
ANGRY = {"direction": "in", "purpose": "complaint", "summary": "12月1日林医生做的牙冠崩了，嘴唇划伤，语气激动"}
PRIVATE = "13666660020"


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Tuesday at two in the afternoon; the center is open until six. Mr Cao was treated by Dr Lin a week ago."""
    at("2026-12-01 10:00")
    house = Clinic()
    cao = house.patient("曹志", sex="male", phone="13901230002")
    house.who("dr.lin").does(
        "records/treatments/",
        patient=cao,
        site=house.site,
        doctor=house.staff("011"),
        item=house.item("dental-filling"),
    )
    at(f"{DAY} 08:00")
    # The administrator of the house sets the hours of one day.
    hours = {"day": DAY, "opens": "08:30", "closes": "18:00", "reason": "年末延时"}
    house.who("admin.smile").presses(f"/sites/{house.site}/exceptions/", **hours)
    at(f"{DAY} 14:00")
    house.cao = cao  # type: ignore[attr-defined]
    return house


def promised(clinic: Clinic) -> dict[str, Any]:
    """Ren Tao promises Zhu Lei a call-back; the promise as it stands then."""
    ren = clinic.who("ren.tao")
    ren.does(CALLS, site=clinic.site, **ASKED, **ZHU, outcome="will_call_back", reachable="随时")
    [promise] = ren.lists("telephone/promises/", site=clinic.site)
    return promise


@pytest.mark.ledger("TC-009", "TC-011", "TC-012", "TC-016")
def test_zhu_lei_is_owed_an_answer_until_she_has_heard_it(clinic: Clinic, at: Any) -> None:
    ren, gao = clinic.who("ren.tao"), clinic.who("gao.wen")
    call = {"site": clinic.site, **ASKED}
    ren.is_refused(CALLS, "question_without_next_step", **call, **ZHU, outcome="ended")
    will_call = {**call, "outcome": "will_call_back", "reachable": "随时"}
    nameless = ren.is_refused(CALLS, "full_name_missing", **will_call)
    assert set(nameless["errors"]) == {"caller_name"}
    ren.is_refused(CALLS, "full_name_missing", **{**will_call, **ZHU, "caller_name": "朱女士"})
    ren.is_refused(CALLS, "phone_missing", **{**will_call, **ZHU, "phone": ""})
    ren.is_refused(CALLS, "reachable_missing", **{**will_call, **ZHU, "reachable": ""})
    assert ren.lists(CALLS, site=clinic.site) == []

    promise = promised(clinic)
    assert (promise["kind"], promise["state"], promise["due_at"]) == ("question", "with_superior", utc(f"{DAY} 18:00"))
    [task] = gao.inbox("telephone.answer")
    assert (task["due_at"], task["closable"]) == (utc(f"{DAY} 18:00"), False)
    for nobody in ("ren.tao", "shen.ke", "dou.heng"):
        assert clinic.who(nobody).inbox("telephone.answer", "telephone.tell") == [], nobody

    # Ren has nothing to tell yet; what Gao types reaches nobody until Ren has told her.
    told = f"telephone/promises/{promise['code']}/told/"
    ren.is_refused(told, "transition_forbidden", 403, customer_told=True)
    assert ren.tries(f"telephone/promises/{promise['code']}/answer/", answer="不影响").status_code == 403
    answer = "不影响，继续服药，来时带上处方"
    ready = gao.does(f"telephone/promises/{promise['code']}/answer/", answer=answer)
    assert (ready["state"], ready["outcome"], ready["answered_by_name"]) == ("answer_ready", "", "高文")
    assert gao.inbox("telephone.answer") == []
    [tell] = ren.inbox("telephone.tell")
    ren.is_refused(f"tasks/{tell['code']}/complete/", "task_closed_elsewhere")
    ren.is_refused(told, "customer_not_told", customer_told=False)
    shown = ren.asks(f"telephone/promises/{promise['code']}/")
    assert (shown["phone"], shown["answer"], shown["told_at"]) == ("13901230001", answer, None)

    at(f"{DAY} 16:20")
    done = ren.does(told, customer_told=True, how="phone", note="已转告")
    assert (done["state"], done["outcome"], done["told_by_name"]) == ("told", "fulfilled", "任涛")
    assert ren.inbox("telephone.tell") == []
    ren.is_refused(told, "invalid_transition", 409, customer_told=True)
    at(f"{DAY} 18:01")
    clockwork()
    assert gao.lists("telephone/promises/", site=clinic.site, outcome="broken") == []


@pytest.mark.ledger("TC-011", "TC-016")
def test_gao_may_call_zhu_lei_personally_and_then_nobody_calls_twice(clinic: Clinic) -> None:
    gao, promise = clinic.who("gao.wen"), promised(clinic)
    told = f"telephone/promises/{promise['code']}/told/"
    gao.is_refused(told, "customer_not_told", customer_told=False, note="不影响")
    gao.is_refused(told, "answer_missing", customer_told=True)
    done = gao.does(told, customer_told=True, note="不影响，继续服药")
    assert (done["state"], done["answer"], done["told_by_name"], done["outcome"]) == (
        "told", "不影响，继续服药", "高文", "fulfilled",
    )  # fmt: skip
    assert gao.inbox("telephone.answer") == []
    assert clinic.who("ren.tao").inbox("telephone.tell") == []


@pytest.mark.ledger("TC-011", "TC-016")
def test_at_six_an_untold_promise_is_broken_and_stays_so_when_she_is_told_later(clinic: Clinic, at: Any) -> None:
    ren, gao, promise = clinic.who("ren.tao"), clinic.who("gao.wen"), promised(clinic)
    gao.does(f"telephone/promises/{promise['code']}/answer/", answer="不影响")
    at(f"{DAY} 18:00")
    clockwork()
    [broken] = gao.lists("telephone/promises/", site=clinic.site, outcome="broken")
    assert (broken["state"], broken["outcome_at"], broken["outcome_by_name"]) == (
        "answer_ready", utc(f"{DAY} 18:00"), "任涛",
    )  # fmt: skip
    [late] = gao.inbox("telephone.tell")
    assert late["escalated_at"] == utc(f"{DAY} 18:00")
    at(f"{DAY} 18:40")
    done = ren.does(f"telephone/promises/{promise['code']}/told/", customer_told=True)
    assert (done["state"], done["outcome"], done["told_at"]) == ("told", "broken", utc(f"{DAY} 18:40"))


@pytest.mark.ledger("TC-010", "TC-013")
def test_a_serious_complaint_reaches_the_dean_at_once_with_name_number_and_treatment(clinic: Clinic, at: Any) -> None:
    ren, dou, shen = clinic.who("ren.tao"), clinic.who("dou.heng"), clinic.who("shen.ke")
    at(f"{DAY} 14:20")
    call = {
        "site": clinic.site,
        **ANGRY,
        "outcome": "forwarded",
        "reachable": "随时",
        "alternative": "今天先来免费检查",
    }
    serious = {**call, **CAO, "serious": True}
    ren.is_refused(CALLS, "full_name_missing", **{**serious, "caller_name": "曹先生"})
    ren.is_refused(CALLS, "phone_missing", **{**serious, "phone": ""})
    ren.is_refused(CALLS, "summary_missing", **{**serious, "summary": ""})
    ren.is_refused(CALLS, "alternative_missing", **{**serious, "alternative": ""})
    ren.is_refused(CALLS, "complaint_unresolved", **{**serious, "outcome": "ended"})
    ren.is_refused(CALLS, "serious_without_complaint", **{**serious, "purpose": "find_person"})
    assert dou.inbox("telephone.serious_complaint") == []

    # The number finds his file while it is typed, so that the call stands beside the treatment of 1 December.
    assert clinic.cao in ren.is_shown("/telephone/caller/", phone="139 0123 0002")  # type: ignore[attr-defined]
    logged = ren.does(CALLS, **serious, patient=clinic.cao)  # type: ignore[attr-defined]
    assert (logged["serious"], logged["phone_masked"]) == (True, "139****0002")
    [task] = dou.inbox("telephone.serious_complaint")
    assert (task["subject"], task["due_at"]) == (clinic.cao, utc(f"{DAY} 14:35"))  # type: ignore[attr-defined]
    assert shen.inbox("telephone.serious_complaint") == []
    known = dou.asks(f"{CALLS}{logged['code']}/")
    assert (known["caller_name"], known["phone"], known["summary"]) == ("曹志", "13901230002", ANGRY["summary"])
    assert "13901230002" in dou.opens(task["url"])
    for reader in ("gao.wen", "ren.tao"):
        assert clinic.who(reader).lists(CALLS, site=clinic.site)[0]["phone_masked"] == "139****0002"
    assert ren.asks(f"{CALLS}{logged['code']}/")["phone"] == "139****0002"
    treated = dou.lists("records/treatments/", patient=clinic.cao)  # type: ignore[attr-defined]
    assert [(one["doctor"], one["performed_at"]) for one in treated] == [
        (clinic.staff("011"), utc("2026-12-01 10:00")),
    ]

    # Nobody looked: after a quarter of an hour the director sees it too, long before the report of six o'clock.
    at(f"{DAY} 14:35")
    clockwork()
    assert [one["subject"] for one in shen.inbox("telephone.serious_complaint")] == [clinic.cao]  # type: ignore[attr-defined]


@pytest.mark.ledger("TC-010", "TC-011")
def test_an_ordinary_complaint_that_is_not_resolved_goes_to_the_director(clinic: Clinic) -> None:
    ren, shen, dou = clinic.who("ren.tao"), clinic.who("shen.ke"), clinic.who("dou.heng")
    ordinary = {
        "site": clinic.site,
        **ANGRY,
        **CAO,
        "summary": "候诊太久",
        "reachable": "随时",
        "alternative": "改约明早",
    }
    ren.is_refused(CALLS, "complaint_unresolved", **{**ordinary, "outcome": "not_booked"})
    resolved = ren.does(CALLS, **ordinary, outcome="answered")
    assert (resolved["outcome"], shen.inbox("telephone.answer")) == ("answered", [])
    ren.does(CALLS, **ordinary, outcome="forwarded")
    assert dou.inbox("telephone.serious_complaint") == []
    assert clinic.who("gao.wen").inbox("telephone.answer") == []
    [task] = shen.inbox("telephone.answer")
    [promise] = shen.lists("telephone/promises/", site=clinic.site)
    assert task["due_at"] == promise["due_at"]
    told = f"telephone/promises/{promise['code']}/told/"
    ren.is_refused(told, "transition_forbidden", 403, customer_told=True)
    done = shen.does(told, customer_told=True, note="致歉，已调整预约")
    assert (done["outcome"], done["told_by_name"]) == ("fulfilled", "沈珂")


@pytest.mark.ledger("TC-016")
def test_what_ren_promises_himself_has_an_owner_and_a_time(clinic: Clinic, at: Any) -> None:
    ren = clinic.who("ren.tao")
    call = {"site": clinic.site, **ASKED, **ZHU, "summary": "把种植价目发给她", "outcome": "promised"}
    ren.is_refused(CALLS, "due_missing", **call)
    ren.is_refused(CALLS, "due_in_the_past", **call, due_at=moment(f"{DAY} 13:00"))
    ren.does(CALLS, **call, due_at=moment(f"{DAY} 15:00"))
    [promise] = ren.lists("telephone/promises/", site=clinic.site)
    assert (promise["kind"], promise["due_at"]) == ("commitment", utc(f"{DAY} 15:00"))
    assert [one["due_at"] for one in ren.inbox("telephone.tell")] == [utc(f"{DAY} 15:00")]
    at(f"{DAY} 15:00")
    clockwork()
    [broken] = ren.lists("telephone/promises/", site=clinic.site, outcome="broken")
    assert broken["outcome_by_name"] == "任涛"


@pytest.mark.ledger("TC-006", "TC-007", "TC-021", "CR-020")
def test_whoever_asks_for_dr_xus_private_number_leaves_a_message_instead(clinic: Clinic, at: Any) -> None:
    ren, xu, office = clinic.who("ren.tao"), clinic.who("dr.xu"), clinic.who("admin.smile")
    file = f"/staff/{clinic.staff('020')}/"
    facts = {"name": "徐医生", "number": "020", "post": "医生", "gender": "female", "is_doctor": "on", "phone": PRIVATE}
    office.presses(f"{file}edit/", **facts)
    assert PRIVATE in office.opens(file)

    said = ren.is_shown("/telephone/prompts/", purpose="find_person", recipient=clinic.staff("020"))
    assert "同事的私人电话一律不告知" in said
    answers = {path: ren.opens(path) for path in (file, "/staff/", "/staff/roster/", "/telephone/new/")}
    answers |= everything_listed(ren)
    answers |= {f"doctor: {path}": text for path, text in everything_listed(xu).items()}
    assert "徐医生" in answers["/api/v1/staff/"]
    assert [path for path, text in answers.items() if PRIVATE in text] == []

    call = {"site": clinic.site, "direction": "in", "purpose": "find_person", "outcome": "message", **ZHU,
            "summary": "要徐医生的私人电话；已说明不告知，请回电"}  # fmt: skip
    ren.is_refused(CALLS, "recipient_missing", **call)
    ren.is_refused(CALLS, "sex_missing", **{**call, "caller_sex": ""}, recipient=clinic.staff("020"))
    ren.does(CALLS, **call, recipient=clinic.staff("020"))
    [task] = xu.inbox("telephone.message")
    assert task["due_at"] == utc(f"{DAY} 14:30")
    [slip] = xu.lists("telephone/messages/", state="taken")
    ren.is_refused(f"telephone/messages/{slip['code']}/acknowledge/", "slip_not_yours", 403)
    assert xu.asks(f"telephone/messages/{slip['code']}/")["phone"] == "13901230001"
    xu.does(f"telephone/messages/{slip['code']}/acknowledge/")
    closed = xu.does(f"telephone/messages/{slip['code']}/close/", reply="明天十点前在诊所，可打前台")
    assert (closed["state"], xu.inbox("telephone.message")) == ("closed", [])
    # What Dr Xu lets her know is owed by Ren, and ends like every promise.
    [reply] = ren.lists("telephone/promises/", site=clinic.site, state="answer_ready")
    done = ren.does(f"telephone/promises/{reply['code']}/told/", customer_told=True)
    assert (done["kind"], done["outcome"]) == ("reply", "fulfilled")


def everything_listed(person: Any) -> dict[str, str]:
    """Every list of the API that ``person`` may ask for, by its path, as it came."""
    answers = {}
    for path in json.loads(person.opens("/api/schema/"))["paths"]:
        if "{" in path or not path.startswith("/api/v1/"):
            continue
        answer = person.tries_to_ask(path.removeprefix("/api/v1/"))
        if answer.status_code == 200:
            answers[path] = answer.content.decode()
    assert len(answers) > 30, sorted(answers)
    return answers
