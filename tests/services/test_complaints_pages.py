"""The pages and the API of complaints: who reads what, what the desk fills in, and how many statements a list asks."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from kernel.audit.models import AuditEntry
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from services.appointments.models import Assignment
from services.complaints import cases, results, selectors
from services.complaints.intake import Speaker
from services.complaints.models import Complaint, Feedback, Finding, Route
from services.complaints.web.slots import assignment_actions
from services.followup.models import FollowUp
from services.patients.restriction import restrict_file
from services.telephone.actions import log_call
from services.treatment_area.rounds import report_concern
from tests.services.complaining import (
    BAI,
    CURE,
    DOU,
    GAO,
    LIN,
    REN,
    SECRET,
    SHEN,
    YE,
    assigned,
    cao,
    closed,
    complained,
    content,
    determined,
    fresh,
    said,
    told,
)
from tests.services.doors import SYSTEM, api, browser, person, somebody, staff, statements
from tests.services.flow import center, clockwork, local, patient, walked_in

LIST, NEW = "/complaints/", "/complaints/new/"
API = "/api/v1/complaints/"


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:20")
    return at


def page_of(case: Complaint) -> str:
    return f"/complaints/{case.code}/"


def typed(**facts: Any) -> dict[str, Any]:
    """A complaint as the form sends it."""
    return {
        "kind": "complaint", "channel": "desk", "phone": "139 0123 0042", "name": "曹先进", "matter": SECRET,
        "category": "treatment", "severity": "ordinary", "treatment": "牙冠", "promised": "on", **facts,
    }  # fmt: skip


# --- who reads what ---------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-031", "CP-023")
def test_a_case_is_read_by_handler_team_approver_and_management_and_by_nobody_else():
    case = told(determined(assigned()))
    cases.set_team(by=person(SHEN), complaint=case, lead=staff("109"), members=[staff("110")])
    reads = {YE: "handler", "mei.hua": "lead", "qin.yu": "member", SHEN: "management", GAO: "management", DOU: "dean"}
    others = {
        REN: "received it, has given it away",
        BAI: "desk",
        LIN: "the accused",
        "fang.li": "cashier",
        "dr.xu": "doctor",
    }
    for name in reads:
        answer = browser(name).get(page_of(case))
        assert answer.status_code == 200, name
        assert SECRET in answer.content.decode(), name
        assert api(name).get(f"{API}{case.code}/").json()["matter"].endswith(SECRET)
    for name in others:
        for seen in (
            browser(name).get(page_of(case)), browser(name).get(LIST), browser(name).get("/complaints/figures/"),
            api(name).get(f"{API}{case.code}/"), api(name).get(API), api(name).get(f"{API}counts/{center().code}/"),
            browser(name).get(f"/patients/{case.patient.code}/"), browser(name).get("/"),
        ):  # fmt: skip
            text = seen.content.decode()
            for word in (SECRET, CURE, case.number):
                assert word not in text, (name, seen.request["PATH_INFO"])
        assert browser(name).get(page_of(case)).status_code == 404, name
        assert api(name).get(API).json()["results"] == [], name
        assert api(name).get(f"{API}counts/{center().code}/").json()["open"] == 1, name


@pytest.mark.ledger("CP-031", "CP-023")
def test_a_manager_whom_it_concerns_sees_nothing_of_it():
    case = complained(accused="107")
    assert browser(SHEN).get(page_of(case)).status_code == 404
    assert case not in selectors.complaints(person(SHEN))
    assert case in selectors.complaints(person(DOU))
    inbox = browser(SHEN).get("/tasks/").content.decode()
    assert SECRET not in inbox
    assert "曹先进" not in inbox


@pytest.mark.ledger("CP-031")
def test_the_receiver_reads_it_until_somebody_has_it_and_a_role_what_was_routed_to_it():
    case = complained(category="doctor_change")
    assert case in selectors.complaints(person(REN))
    assert case in selectors.complaints(person("qin.yu"))  # the supervisor of the doctors
    other = complained(category="price", accused=None)
    assert other not in selectors.complaints(person("qin.yu"))
    cases.assign(by=person("qin.yu"), complaint=case, handler=staff("112"))
    assert case not in selectors.complaints(person(REN))


def test_another_site_reads_nothing():
    case = told(determined(assigned()))
    row = said()
    desk = somebody("harbor.lead", ["supervisor"], site=None)
    assert desk.get(page_of(case)).status_code == 200  # everywhere
    user = User.objects.get(username="luo.ping")
    harbor = staff("301").home_site
    assign_role(by=SYSTEM, user=user, role=Role.objects.get(slug="clinic_director"), site=harbor.code)
    for path in (page_of(case), f"/complaints/feedback/{row.code}/"):
        assert browser("luo.ping").get(path).status_code == 404
    assert api("luo.ping").get(f"{API}counts/{center().code}/").status_code == 404
    assert api("luo.ping").post(f"{API}{case.code}/conclude/", {"reason": "x"}).status_code == 404


def test_whose_number_it_is_is_masked_in_lists_and_logged_when_read():
    case = assigned()
    listed = browser(SHEN).get(LIST).content.decode()
    assert "曹先进" in listed
    assert "13901230042" not in listed
    assert api(SHEN).get(API).json()["results"][0]["phone"] == "139****0042"
    before = AuditEntry.objects.filter(verb="read", target_code=case.code).count()
    assert "13901230042" in browser(SHEN).get(page_of(case)).content.decode()
    assert AuditEntry.objects.filter(verb="read", target_code=case.code).count() == before + 1


def test_the_name_of_a_restricted_file_keeps_to_itself():
    who = patient("隐名客户甲")
    case = assigned(complained(who=who))
    restrict_file(by=person(DOU), patient=who, reason="争议", until=local("2027-01-31 10:00"))
    for seen in (
        browser(GAO).get(LIST),
        browser(GAO).get(page_of(case)),
        api(GAO).get(API),
        browser(YE).get(page_of(case)),
    ):
        assert seen.status_code == 200
        assert "隐名客户甲" not in seen.content.decode()
    assert fresh(case).complainant_name == "隐名客户甲"  # rules read what is written


# --- statements -------------------------------------------------------------------------------------------------------


def test_a_list_asks_at_most_twelve_statements_however_long_it_is():
    clients = {name: browser(name) for name in (SHEN, YE)}
    paths = [LIST, f"{LIST}?show=overdue", "/complaints/feedback/", "/complaints/figures/"]
    for number in range(3):
        assigned(complained(who=patient(f"客户{number}"), accused=None))
        said(speaker=Speaker(patient=patient(f"宾客{number}")))
    for client in clients.values():
        for path in paths:
            client.get(path)
    few = {
        (name, path): statements(lambda c=client, p=path: c.get(p))
        for name, client in clients.items()
        for path in paths
    }
    for number in range(4, 9):
        assigned(complained(who=patient(f"客户{number}"), accused=None))
        said(speaker=Speaker(patient=patient(f"宾客{number}")))
    for (name, path), before in few.items():
        now = statements(lambda c=clients[name], p=path: c.get(p))
        assert now <= 12, (name, path, now)
        assert now <= before, (name, path, before, now)
    caller = api(SHEN)
    caller.get(API)
    assert statements(lambda: caller.get(API)) <= 12


# --- the desk ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-002", "CP-027")
def test_one_form_takes_in_all_that_customers_say():
    desk = browser(BAI)
    assert desk.get(NEW).status_code == 200
    gap = desk.post(NEW, typed(treatment="", promised=""))
    assert gap.status_code == 422
    assert gap.context["form"].errors["treatment"]
    assert gap.context["form"]["matter"].value() == SECRET
    assert not Complaint.objects.exists()

    answer = desk.post(NEW, typed(accused=[str(staff("011").code)]))
    case = Complaint.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, page_of(case))
    assert (case.phone, case.receiver_name) == ("13901230042", "白岚")
    assert [one.staff.name for one in case.people.all()] == ["林医生"]
    assert desk.post(NEW, {"kind": "praise", "channel": "desk", "matter": "护士很好"}).status_code == 303
    assert Feedback.objects.get().kind == "praise"
    assert browser("admin.smile").get(NEW).status_code == 403


@pytest.mark.ledger("CP-030")
def test_a_visit_a_call_a_concern_and_a_follow_up_lead_to_a_form_that_knows_them(tuesday):
    who = cao()
    visit = walked_in(who)
    desk = browser(BAI)
    assert f"/complaints/new/?visit={visit.code}" in desk.get(f"/reception/visits/{visit.code}/").content.decode()
    form = desk.get(f"{NEW}?visit={visit.code}")
    assert form.context["form"].initial["name"] == "曹先进"
    assert desk.post(NEW, typed(visit=str(visit.code), name="", phone="")).status_code == 303
    case = Complaint.objects.get()
    assert (case.visit, case.patient, case.vertical, case.phone) == (visit, who, "dental", "13901230042")

    call = log_call(
        by=person(REN),
        site=center(),
        direction="in",
        purpose="complaint",
        outcome="answered",
        patient=who,
        summary="牙冠断了",
    )
    page = browser(REN).get(f"/telephone/{call.code}/").content.decode()
    assert f"source=call&amp;source_code={call.code}" in page
    posted = typed(patient=str(who.code), source="call", source_code=str(call.code), channel="phone")
    assert browser(REN).post(NEW, posted).status_code == 303
    latest = Complaint.objects.order_by("-id")[0]
    assert (latest.source, latest.source_code, latest.channel) == ("call", call.code, "phone")

    concern = report_concern(by=person("su.qi"), site=center(), kind="long_wait", words="等太久", visit=visit)
    page = browser("mei.hua").get(f"/treatment_area/concerns/{concern.code}/").content.decode()
    assert f"source=wait&amp;source_code={concern.code}" in page

    planned = content(told(determined(assigned(case))))
    call_code = results.source_key(planned)
    followup = selectors_follow_up(call_code)
    page = browser(BAI).get(f"/followup/{followup.code}/").content.decode()
    assert "source=follow_up" in page
    # What is not theirs, or nonsense, is left out.
    assert desk.get(f"{NEW}?visit={uuid4()}&patient=x&category=moon&source=moon").status_code == 200


def selectors_follow_up(key: str) -> Any:
    return FollowUp.objects.get(plan__source_key=key)


@pytest.mark.ledger("CP-030", "AP-029")
def test_a_change_of_doctor_leads_to_a_complaint_about_the_one_who_was_left():
    who = cao()
    row = Assignment(
        site=center(), patient=who, owner=staff("011"), doctor=staff("014"), deviation="dissatisfied", code=uuid4()
    )

    class Request:
        actor = person("qin.yu")

    found = assignment_actions(Request(), assignment=row)
    form = browser("qin.yu").get(found[0]["url"]).context["form"]
    assert form.initial["category"] == "doctor_change"
    assert form.initial["accused"] == [staff("011").code]
    Request.actor = person("admin.smile")
    assert assignment_actions(Request(), assignment=row) == []


# --- a case over its page ---------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-029")
def test_a_case_goes_from_receipt_to_analysis_over_its_page(tuesday):
    assert browser(REN).post(NEW, typed(channel="phone", accused=[str(staff("011").code)])).status_code == 303
    case = Complaint.objects.get()
    here = page_of(case)
    director, handler = browser(SHEN), browser(YE)

    def go(client: Any, act: str, **facts: Any) -> None:
        answer = client.post(f"{here}{act}/", facts)
        assert answer.status_code == 303, (act, answer.status_code, answer.content.decode()[-3000:])

    accused = director.post(f"{here}assign/", {"handler": str(staff("011").code)})
    assert accused.status_code == 422
    assert "林医生" in accused.content.decode()
    assert fresh(case).state == "received"
    go(director, "assign", handler=str(staff("112").code))
    go(handler, "begin")
    go(handler, "evidence", kind="chart", words="见病历")
    go(handler, "principle", key="mood", words="先听完")
    gap = handler.post(f"{here}determine/", {"cause": "粘接不牢"})
    assert gap.status_code == 422
    go(handler, "determine", cause="粘接不牢", department="doctors", opinion="重做")
    go(handler, "remedies", kind="redo")
    go(handler, "remedies", kind="compensation", amount_fen="800")
    money = case.remedies.get(kind="compensation")
    assert money.amount_fen == 80_000
    assert handler.post(f"{here}remedies/{money.code}/decide/", {"answer": "yes"}).status_code == 403
    go(director, f"remedies/{money.code}/decide", answer="yes")
    assert fresh(case).state == "authorised"
    assert handler.post(f"{here}reply/", {"how": "phone", "words": ""}).status_code == 422
    go(handler, "reply", how="phone", words="重做并赔 800")
    go(handler, "negotiate", words="还要道歉")
    go(handler, "remedies", kind="apology", staff=str(staff("011").code))
    go(handler, "mediate", mediator="王老师")
    go(handler, "mediation", result="同意")
    go(handler, "reply", how="person", words="当面道歉")
    go(handler, "content", words="好")
    for remedy in case.remedies.all():
        go(handler, f"remedies/{remedy.code}/done", done_on="2026-12-08")
    answer = handler.post(f"{here}follow-up/", {"satisfaction": "satisfied"})
    assert answer.status_code == 303  # no file: the room asks by itself
    go(handler, "close")
    assert fresh(case).state == "closed"
    assert len(director.get(here).context["steps"]) == 10

    tuesday("2027-01-02 10:00")
    reviews = browser(SHEN)
    assert len(reviews.get("/complaints/reviews/").context["groups"]) == 1
    facts = {
        "first": "2026-12-01", "last": "2026-12-31", "cause_treatment": "粘接", "measure_treatment": "培训",
        "responsible_treatment": str(staff("103").code), "due_on_treatment": "2027-01-20",
    }  # fmt: skip
    assert reviews.post("/complaints/reviews/", {**facts, "cause_treatment": ""}).status_code == 422
    assert reviews.post("/complaints/reviews/", facts).status_code == 303
    assert fresh(case).state == "analysed"
    measure = Finding.objects.get()
    assert browser(BAI).get(f"/complaints/measures/{measure.code}/").status_code == 404
    assert browser(REN).post(f"/complaints/measures/{measure.code}/", {"words": "已培训"}).status_code == 303
    assert "已培训" in reviews.get(f"/complaints/measures/{measure.code}/").content.decode()
    go(browser(GAO), "reopen", words="又来电")
    assert fresh(case).state == "reopened"


def test_the_desk_solves_at_once_and_management_ends_what_cannot_be_content():
    desk = browser(BAI)
    desk.post(NEW, typed())
    case = Complaint.objects.get()
    assert desk.post(f"{page_of(case)}solve/", {"solution": ""}).status_code == 422
    assert desk.post(f"{page_of(case)}solve/", {"solution": "当场换号"}).status_code == 303
    assert fresh(case).state == "solved_on_spot"
    assert browser(GAO).post(f"{page_of(case)}conclude/", {"reason": "x"}).status_code == 403
    assert browser(SHEN).post(f"{page_of(case)}conclude/", {"reason": "客户失联"}).status_code == 303
    assert fresh(case).closing_reason == "客户失联"


def test_team_and_concerned_are_set_from_the_page():
    case = assigned()
    lead = browser(SHEN)
    facts = {"lead": str(staff("109").code), "members": [str(staff("110").code)]}
    assert lead.post(f"{page_of(case)}team/", facts).status_code == 303
    assert lead.post(f"{page_of(case)}concerned/", {"staff": str(staff("014").code)}).status_code == 303
    parts = sorted(case.people.filter(until_at__isnull=True).values_list("part", flat=True))
    assert parts == ["accused", "accused", "handler", "lead", "member"]


# --- feedback, matrix -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("SV-005", "CP-027")
def test_feedback_goes_its_way_over_its_page():
    desk, lead, nurse = browser(BAI), browser(GAO), browser("mei.hua")
    desk.post(
        NEW, {"kind": "suggestion", "channel": "desk", "matter": "饮水机", "name": "曹先进", "phone": "13901230042"}
    )
    row = Feedback.objects.get()
    here = f"/complaints/feedback/{row.code}/"
    assert nurse.get(here).status_code == 404
    assert lead.post(f"{here}assign/", {"department": "nursing"}).status_code == 422
    assert (
        lead.post(f"{here}assign/", {"department": "nursing", "responsible": str(staff("109").code)}).status_code == 303
    )
    assert nurse.post(f"{here}process/", {"measure": ""}).status_code == 422
    assert nurse.post(f"{here}process/", {"measure": "已买"}).status_code == 303
    assert desk.post(f"{here}tell/", {"answer": "周五到"}).status_code == 303
    assert desk.post(f"{here}confirm/", {}).status_code == 422
    assert desk.post(f"{here}confirm/", {"satisfied": "no"}).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.satisfied) == ("confirmed", False)
    upgrade = {"category": "environment", "severity": "ordinary", "treatment": "无", "promised": "on"}
    assert desk.post(f"{here}upgrade/", {**upgrade, "promised": ""}).status_code == 422
    assert desk.post(f"{here}upgrade/", upgrade).status_code == 303
    assert Complaint.objects.get().feedback == row
    assert "FB-" in browser(SHEN).get(page_of(Complaint.objects.get())).content.decode()
    assert browser(GAO).get("/complaints/feedback/?show=ended").status_code == 200


@pytest.mark.ledger("CP-005")
def test_the_matrix_is_changed_by_those_who_may():
    lead = browser(SHEN)
    facts = {"channel": "", "category": "privacy", "severity": "", "roles": ["dean"]}
    assert lead.post("/complaints/routes/", facts).status_code == 303
    row = Route.objects.get(category="privacy")
    assert lead.get("/complaints/routes/").status_code == 200
    assert browser(GAO).get("/complaints/routes/").status_code == 403
    assert browser(GAO).post(f"/complaints/routes/{row.code}/drop/").status_code == 403
    assert lead.post(f"/complaints/routes/{row.code}/drop/").status_code == 303
    assert not Route.objects.filter(pk=row.pk).exists()


# --- API --------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-002", "CP-009", "CP-016")
def test_a_case_goes_over_the_api():
    caller, director, handler = api(REN), api(SHEN), api(YE)
    body = {
        "site": str(center().code), "channel": "phone", "category": "treatment", "severity": "serious",
        "speaker": {"name": "曹先进", "phone": "13901230042"}, "matter": "牙冠断裂", "treatment": "牙冠", "promised": True,
        "accused": [str(staff("011").code)],
    }  # fmt: skip
    gap = caller.post(API, {**body, "promised": False})
    assert (gap.status_code, gap.json()["code"]) == (422, "promise_missing")
    made = caller.post(API, body)
    assert (made.status_code, made.json()["state"]) == (201, "received")
    here = f"{API}{made.json()['code']}/"

    def go(client: Any, act: str, body: Any = None, status: int = 200) -> Any:
        answer = client.post(f"{here}{act}/", body or {})
        assert answer.status_code == status, (act, answer.status_code, answer.json())
        return answer.json()

    refusal = go(director, "assign", {"handler": str(staff("011").code)}, 422)
    assert refusal["code"] == "handler_is_accused"
    go(director, "assign", {"handler": str(uuid4())}, 404)
    go(director, "assign", {"handler": str(staff("112").code)})
    go(director, "team", {"lead": str(staff("109").code), "members": [str(staff("110").code)]})
    go(director, "concerned", {"staff": str(staff("014").code)})
    go(handler, "begin")
    go(handler, "evidence", {"kind": "chart", "words": "见病历"})
    go(handler, "principles", {"key": "scope", "words": "只限牙冠"})
    go(handler, "determine", {"cause": "粘接", "opinion": "重做", "responsible": str(staff("011").code)})
    go(handler, "remedies", {"kind": "redo"}, 201)
    money = go(handler, "remedies", {"kind": "compensation", "amount_fen": 80_000}, 201)
    assert money["needs_approval"]
    assert go(handler, "authorise", status=422)["code"] == "approval_first"
    go(handler, f"remedies/{money['code']}/decide", {"approve": True}, 403)
    go(director, f"remedies/{money['code']}/decide", {"approve": False, "reason": "不合理"})
    assert go(handler, "authorise", status=409)["code"] == "invalid_transition"  # it stands by itself
    go(handler, "reply", {"words": "重做"})
    go(handler, "negotiate", {"words": "要道歉"})
    go(handler, "mediate", {"mediator": "王老师"})
    go(handler, "mediation", {"result": "同意"})
    go(handler, "content")
    for remedy in handler.get(here).json()["remedies"]:
        if remedy["state"] == "approved":
            go(handler, f"remedies/{remedy['code']}/done", {"done_on": "2026-12-08"})
    assert go(handler, "close", status=422)["code"] == "follow_up_missing"
    go(handler, "follow-up", {"satisfaction": "satisfied"})
    assert go(handler, "close")["state"] == "closed"
    read = director.get(here).json()
    assert (len(read["rounds"]), read["content_at_close"], len(read["people"])) == (1, True, 6)
    go(director, "reopen", {"words": "又来电"})
    assert api(REN).get(here).status_code == 404
    assert director.get(f"{API}?state=reopened&category=treatment&severity=serious").json()["results"][0]["number"]


def test_feedback_matrix_and_analyses_go_over_the_api(tuesday):
    closed()
    desk, lead, nurse, director = api(BAI), api(GAO), api("mei.hua"), api(SHEN)
    body = {
        "site": str(center().code),
        "kind": "opinion",
        "channel": "box",
        "words": "光线暗",
        "speaker": {"name": "李女士"},
    }
    made = desk.post(f"{API}feedback/", body)
    assert made.status_code == 201
    here = f"{API}feedback/{made.json()['code']}/"
    assert (
        lead.post(f"{here}assign/", {"department": "nursing", "responsible": str(staff("109").code)}).status_code == 200
    )
    assert nurse.post(f"{here}process/", {"measure": "换灯"}).json()["state"] == "processed"
    assert desk.post(f"{here}tell/", {"answer": "已换"}).json()["state"] == "told"
    assert desk.post(f"{here}confirm/", {"satisfied": True}).json()["state"] == "confirmed"
    assert nurse.get(here).json()["measure"] == "换灯"
    assert api("dr.xu").get(here).status_code == 404
    upgraded = desk.post(
        f"{here}upgrade/",
        {"category": "environment", "treatment": "无", "promised": True, "speaker": {"phone": "13901237777"}},
    )
    assert (upgraded.status_code, upgraded.json()["state"]) == (201, "received")

    assert director.post(f"{API}routes/", {"category": "privacy", "roles": ["dean"]}).json()["roles"] == ["dean"]
    assert len(director.get(f"{API}routes/").json()["results"]) == 7
    assert lead.get(f"{API}routes/").status_code == 403

    tuesday("2027-01-02 10:00")
    review = {
        "site": str(center().code), "first": "2026-12-01", "last": "2026-12-31",
        "findings": [{"category": "treatment", "cause": "粘接", "measure": "培训", "responsible": str(staff("103").code),
                      "due_on": "2027-01-20"}],
    }  # fmt: skip
    assert lead.post(f"{API}reviews/", review).status_code == 403
    made = director.post(f"{API}reviews/", review)
    assert (made.status_code, made.json()["findings"][0]["measure"]) == (201, "培训")
    assert len(director.get(f"{API}reviews/").json()["results"]) == 1


def test_every_tab_opens_with_its_count(tuesday):
    complained()
    tuesday("2026-12-10 10:00")
    clockwork()
    for show in ("open", "waiting", "overdue", "serious", "ended", "moon"):
        answer = browser(GAO).get(f"{LIST}?show={show}&category=treatment&page=99")
        assert answer.status_code == 200
    assert [tab["count"] for tab in answer.context["tabs"]] == [1, 1, 1, 0, None]
    assert browser(GAO).get("/complaints/figures/?from=x&until=9999-12-31").status_code == 200
