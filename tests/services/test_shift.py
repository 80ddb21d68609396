"""The day of a site: what is ticked before it opens, who meets, who leaves a post, what is handed over to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.outbox.models import OutboxEvent
from services.appointments.handlers import morning_check
from services.followup.models import FollowUp
from services.guest_care.wishes import answer_question, ask_doctor, bring_answer_back, deposit_luggage, return_luggage
from services.policy.models import NudgeCount
from services.reception import actions as reception
from services.shift import desk, handlers, handover, incidents, meeting, opening, posts, selectors, sheet
from services.shift.leftovers import gathered
from services.shift.models import Absence, Attendee, CashierEntry, HandOver, Meeting, SiteDay, Tick
from services.sites.models import Site
from services.tasks.actions import complete_task
from services.tasks.models import Task
from services.tasks.selectors import visible_tasks
from services.telephone.messages import acknowledge_message, take_message
from tests.services.doors import person, staff
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in
from tests.services.till import charged, signed

BAI, REN, FANG, GAO = "bai.lan", "ren.tao", "fang.li", "gao.wen"


@pytest.fixture
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 07:00")
    return at


def planned() -> SiteDay:
    """The center's day, as the clock plans it in the early morning."""
    handlers.plan_days(clock.today())
    return SiteDay.objects.get(site=center(), day=clock.today(center().timezone))


def answered(day: SiteDay, *, but: str = "") -> None:
    """Every item of the opening list ticked, except one."""
    for tick in Tick.objects.filter(day=day, purpose="opening").exclude(key=but):
        opening.answer_item(by=person(BAI), site=day.site, tick=tick, result="done")


def opened(day: SiteDay) -> SiteDay:
    answered(day)
    return opening.open_site(by=person(BAI), site=day.site, day=day)


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    """What ``act`` is refused with."""
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def sources(site: Site) -> dict[str, int]:
    """What is open at a site now, by source."""
    return {one.source: len(one.keys) for one in gathered(site, clock.today(site.timezone))}


def message(matter: str = "请回电", to: str = "011") -> Any:
    return take_message(
        by=person(BAI), site=center(), recipient=staff(to), caller_name="朱蕾", caller_sex="female", phone="13901230001",
        matter=matter,
    )  # fmt: skip


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("GV-006", "GV-007", "FD-037")
def test_the_site_opens_when_each_mandatory_item_is_ticked_or_has_its_reason(monday: Any) -> None:
    day = planned()
    assert planned().pk == day.pk  # the clock may ask again
    texts = list(Tick.objects.filter(day=day, purpose="opening").values_list("text_zh", flat=True))
    assert len(texts) == 10
    assert "15分钟" in texts[0]
    assert any("20份" in text for text in texts)
    assert any("表单齐全" in text for text in texts)  # ready to receive before the first arrival

    monday("2026-12-07 08:10")
    answered(day, but="opening.power")
    refusal = refused(
        Conflict, "opening_items_missing", lambda: opening.open_site(by=person(BAI), site=center(), day=day)
    )
    assert refusal.facts["gate_class"] == "process"
    tick = Tick.objects.get(day=day, key="opening.power")
    refused(RuleRefused, "reason_missing",
            lambda: opening.answer_item(by=person(BAI), site=center(), tick=tick, result="not_done", reason=" "))  # fmt: skip
    opening.answer_item(by=person(BAI), site=center(), tick=tick, result="not_done", reason="2诊室停电，已报修")
    tick.refresh_from_db()
    assert (tick.by_name, tick.at) == ("白岚", local("2026-12-07 08:10"))
    day = opening.open_site(by=person(BAI), site=center(), day=day)
    assert (day.state, day.opened_by_name, day.override) == ("opened", "白岚", None)
    refused(
        Conflict, "list_closed", lambda: opening.answer_item(by=person(BAI), site=center(), tick=tick, result="done")
    )
    with pytest.raises(Forbidden):
        opening.open_site(by=person("dr.lin"), site=center(), day=day)


@pytest.mark.ledger("GV-007")
def test_who_comes_after_the_preparation_time_is_late_and_attendance_hears_of_it(monday: Any) -> None:
    day = planned()
    due = opening.note_arrival(by=person("dou.heng"), site=center(), day=day).due_at
    monday(clock.local(due, center().timezone).strftime("%Y-%m-%d %H:%M"))
    assert opening.note_arrival(by=person(BAI), site=center(), day=day).late_minutes == 0
    monday.advance(minutes=7)
    late = opening.note_arrival(by=person(REN), site=center(), day=day)
    assert late.late_minutes == 7
    monday.advance(minutes=30)
    assert opening.note_arrival(by=person(REN), site=center(), day=day).pk == late.pk
    told = OutboxEvent.objects.filter(type="shift.arrived").order_by("pk").last()
    assert told.payload["late_minutes"] == 7
    assert set(told.payload) == {"arrival", "site", "user", "day", "at", "due_at", "late_minutes"}


@pytest.mark.ledger("GV-008")
def test_the_duties_of_the_day_are_timed_tasks_with_an_owner(monday: Any) -> None:
    day = planned()
    duties = {row.key.rpartition(":")[2]: row for row in Task.objects.filter(kind="shift.duty", site=center())}
    assert set(duties) == {"reminders", "arrivals", "reception", "phone", "charging", "tomorrow", "reconcile"}
    assert duties["reminders"].due_at == local("2026-12-07 12:00")
    assert duties["charging"].due_at == day.closes_at
    seen = set(visible_tasks(person(FANG)).filter(kind="shift.duty").values_list("key", flat=True))
    assert duties["charging"].key in seen
    assert duties["reminders"].key not in seen
    owner = duties["reminders"].assignee.username if duties["reminders"].assignee else BAI
    complete_task(by=person(owner), task=duties["reminders"])
    assert sources(center())["shift.duties"] == 6


# --- the morning meeting ----------------------------------------------------------------------------------------------


@pytest.mark.ledger("GV-004")
def test_the_server_says_when_the_meeting_began_and_who_had_to_come(monday: Any) -> None:
    planned_one = Meeting.objects.get(day=planned())
    assert planned_one.planned_at == local("2026-12-07 08:20")
    monday("2026-12-07 08:26")
    begun = meeting.start_meeting(by=person(GAO), site=center(), meeting=planned_one)
    assert (begun.started_at, begun.chair_name, begun.late_minutes) == (local("2026-12-07 08:26"), "高文", 6)
    must = set(Attendee.objects.filter(meeting=begun, mandatory=True).values_list("staff__number", flat=True))
    assert {"102", "103", "104", "111"} >= must
    assert must
    first, *others = Attendee.objects.filter(meeting=begun, mandatory=True)
    meeting.mark_attendee(by=person(GAO), site=center(), attendee=first, presence="late")
    held = meeting.end_meeting(by=person(GAO), site=center(), meeting=begun, notes="消防演习周三")
    assert (held.state, held.notes) == ("held", "消防演习周三")
    assert not Attendee.objects.filter(meeting=begun, presence="expected").exists()
    assert len(OutboxEvent.objects.get(type="shift.meeting_held").payload["missed"]) == 1 + len(others)
    refused(Conflict, "meeting_not_running",
            lambda: meeting.mark_attendee(by=person(GAO), site=center(), attendee=first, presence="present"))  # fmt: skip
    monday("2026-12-08 07:00")
    planned()
    monday("2026-12-09 07:00")
    planned()
    assert list(Meeting.objects.filter(site=center()).order_by("planned_at").values_list("state", flat=True)) == [
        "held", "missed", "planned",
    ]  # fmt: skip


@pytest.mark.ledger("GV-005", "AP-040")
def test_the_sheet_says_who_comes_what_became_of_yesterday_and_what_is_open(monday: Any) -> None:
    monday("2026-12-07 09:00")
    came, missed = patient("来客"), patient("缺席")
    booked(missed, "2026-12-07 10:00")
    visit = walked_in(came)
    reception.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    reception.seat_in_chair(by=person("dr.lin"), visit=visit)
    message()
    booked(patient("晚来"), "2026-12-08 11:00")
    booked(patient("早来"), "2026-12-08 09:00", doctor="020")
    monday("2026-12-08 07:30")
    morning_check(clock.today())

    read = sheet.morning_sheet(center(), clock.today())

    assert [one.patient.name for one in read.today] == ["早来", "晚来"]
    assert read.before.isoformat() == "2026-12-07"
    by_name = {one.patient.name: one for one in read.yesterday}
    assert (by_name["缺席"].missed, by_name["来客"].missed) == (True, False)
    # The chart is empty, the till unsettled, no next visit: each with whose work it is.
    owners = [one.owner for one in by_name["来客"].defects]
    assert owners.count("林医生") == 2
    assert len(owners) == 4
    assert by_name["缺席"].defects == []
    assert (
        sum(len(one.keys) for one in read.reminders)
        == Task.objects.filter(kind="appointments.confirm", state="open", due_at__lt=local("2026-12-09 00:00")).count()
        + FollowUp.objects.filter(state__in=["due", "no_phone", "attempting"]).count()
    )
    assert selectors.sheet_figures(center(), clock.today())["no_show"] == 1


# --- posts and the cashier area ---------------------------------------------------------------------------------------


@pytest.mark.ledger("GV-017", "GV-018")
def test_nobody_enters_the_cashier_area_alone_and_the_cashier_stays_until_they_are_out(monday: Any) -> None:
    """SC-15: the courier, Fang Li beside them, and the desk that is never empty."""
    day = opened(planned())
    monday("2026-12-07 15:00")
    entering = {"by": person(FANG), "site": center(), "name": "快递员"}
    refused(RuleRefused, "reason_missing", lambda: posts.let_in(**entering, reason="", cashier=staff("104")))
    refused(
        RuleRefused, "cashier_not_on_duty", lambda: posts.let_in(**entering, reason="送保险柜", cashier=staff("102"))
    )
    entry = posts.let_in(**entering, reason="送保险柜", cashier=staff("104"))
    monday("2026-12-07 15:10")
    draft = handover.begin_hand_over(by=person(FANG), site=center(), day=day, kind="shift")
    refused(Conflict, "accompanies_somebody",
            lambda: handover.sign_hand_over(by=person(FANG), site=center(), handover=draft))  # fmt: skip
    away = {"site": center(), "post": "cashier", "reason": "取款"}
    refused(Conflict, "accompanies_somebody",
            lambda: posts.leave_post(by=person(FANG), **away, cover=staff("102")))  # fmt: skip
    assert posts.accompanied_by(staff("104"))
    posts.let_out(by=person(FANG), site=center(), entry=entry)
    with pytest.raises(IntegrityError), transaction.atomic():
        CashierEntry.objects.filter(pk=entry.pk).update(out_at=local("2026-12-07 14:00"))

    refused(RuleRefused, "post_left_empty", lambda: posts.leave_post(by=person(FANG), **away))
    left = posts.leave_post(by=person(FANG), **away, cover=staff("102"))
    assert (left.left_empty, left.cover.name) == (False, "白岚")
    refused(Conflict, "already_away", lambda: posts.leave_post(by=person(FANG), **away, cover=staff("103")))
    refused(Conflict, "cover_away", lambda: posts.leave_post(
        by=person(BAI), site=center(), post="desk", reason="取件", cover=staff("104")))  # fmt: skip
    refused(RuleRefused, "cashier_not_on_duty", lambda: posts.let_in(**entering, reason="送件", cashier=staff("104")))
    posts.come_back(by=person(FANG), site=center(), absence=left)
    handover.sign_hand_over(by=person(FANG), site=center(), handover=draft)


@pytest.mark.ledger("GV-018")
def test_in_the_default_profile_an_empty_post_is_counted_and_holds_nobody_up(willow: Any, at: Any) -> None:
    at("2026-12-07 15:00")
    site = Site.objects.first()
    who = next(
        one for one in selectors.colleagues_at(site) if one.user and posts.at_post(site, Absence.Post.DESK) == {one.pk}
    )
    left = posts.leave_post(by=person(who.user.username), site=site, post="desk", reason="取件")
    assert left.left_empty
    assert NudgeCount.objects.get(gate="shift.post_empty", site=site).count == 1


# --- the registers ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("GV-014", "GV-015", "GV-020")
def test_the_registers_keep_what_who_and_when_and_an_error_stands_beside_its_entry(monday: Any) -> None:
    monday("2026-12-07 10:00")
    by, site = person(BAI), center()
    entry = desk.register_item(
        by=by, site=site, direction="out", kind="model", what="M-9", party="华美加工所", receiver="小陈"
    )
    error = desk.link_error(by=by, site=site, entry=entry, words="送错加工所")
    assert [one.pk for one in selectors.items_listed(by, site, query="华美 M-9")] == [entry.pk]
    assert not selectors.items_listed(by, site, query="华美 M-8").exists()
    assert (entry.handler_name, list(entry.errors.all())) == ("白岚", [error])
    refused(RuleRefused, "receiver_missing", lambda: desk.register_item(
        by=by, site=site, direction="in", kind="goods", what="箱", party="商家", receiver=" "))  # fmt: skip

    visitor = desk.register_visitor(
        by=by, site=site, name="王经理", company="器械公司", purpose="送样品", host=staff("011")
    )
    assert visible_tasks(person("dr.lin")).filter(kind="shift.visitor").count() == 1
    monday("2026-12-07 10:12")
    desk.receive_visitor(by=by, site=site, visitor=visitor)
    assert visitor.wait_minutes == 12
    assert not visible_tasks(person("dr.lin")).filter(kind="shift.visitor").exists()
    refused(RuleRefused, "requested_by_missing", lambda: desk.log_broadcast(
        by=by, site=site, kind="notice", text="请到2诊室", requested_by=""))  # fmt: skip
    assert (
        desk.log_broadcast(by=by, site=site, kind="notice", text="请到2诊室", requested_by="徐医生").at == clock.now()
    )


@pytest.mark.ledger("GV-022", "GV-023", "GV-024")
def test_dirt_quarrels_and_errands_reach_whom_they_are_for(monday: Any) -> None:
    monday("2026-12-07 10:00")
    site = center()
    zone = incidents.allocate_zone(by=person("mei.hua"), site=site, name="候诊区", keeper=staff("111"))
    with pytest.raises(Forbidden):
        incidents.allocate_zone(by=person(BAI), site=site, name="前台", keeper=staff("102"))
    ticket = incidents.raise_ticket(by=person(BAI), site=site, words="地面有水", zone=zone)
    assert visible_tasks(person("su.qi")).filter(kind="shift.clean").count() == 1
    monday("2026-12-07 10:09")
    incidents.close_ticket(by=person("su.qi"), site=site, ticket=ticket)
    assert (ticket.ended_at, ticket.ended_by_name) == (local("2026-12-07 10:09"), "苏琪")

    incident = incidents.report_incident(
        by=person(BAI), site=site, place="候诊区", words="大声争吵", persons="两位来客"
    )
    assert visible_tasks(person(GAO)).filter(kind="shift.incident", due_at=clock.now()).count() == 1
    assert not visible_tasks(person("dou.heng")).filter(kind="shift.incident").exists()
    monday("2026-12-07 10:14")
    clockwork()
    assert visible_tasks(person("dou.heng")).filter(kind="shift.incident").count() == 1
    incidents.answer_incident(by=person(GAO), site=site, incident=incident)
    refused(RuleRefused, "outcome_missing",
            lambda: incidents.close_incident(by=person(GAO), site=site, incident=incident, outcome=""))  # fmt: skip
    incidents.close_incident(by=person(GAO), site=site, incident=incident, outcome="已劝离")
    assert (incident.answered_by_name, incident.state) == ("高文", "closed")

    asking = {"site": site, "assignee": staff("102"), "words": "送文件到港湾店"}
    with pytest.raises(Forbidden):
        incidents.assign_errand(by=person(REN), **asking, due_at=local("2026-12-07 16:00"))
    refused(RuleRefused, "due_in_the_past",
            lambda: incidents.assign_errand(by=person(GAO), **asking, due_at=local("2026-12-07 09:00")))  # fmt: skip
    errand = incidents.assign_errand(by=person(GAO), **asking, due_at=local("2026-12-07 16:00"))
    assert visible_tasks(person(BAI)).filter(kind="shift.errand").count() == 1
    refused(Forbidden, "not_your_errand",
            lambda: incidents.finish_errand(by=person(REN), site=site, errand=errand, result="好了"))  # fmt: skip
    incidents.finish_errand(by=person(BAI), site=site, errand=errand, result="已送达")
    assert not visible_tasks(person(BAI)).filter(kind="shift.errand").exists()


# --- hand-over --------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("GV-013", "GV-036", "TC-007")
def test_the_close_gathers_all_rooms_passes_on_with_reasons_and_two_people_sign(monday: Any) -> None:
    """SC-14: the hand-over sheet lists what is open and is signed by the next shift; a discrepancy is worked to its end."""
    day = opened(planned())
    monday("2026-12-07 17:50")
    desk.register_item(
        by=person(BAI), site=center(), direction="in", kind="model", what="M-9", party="华美", receiver="白岚"
    )
    walked_in(patient("未走"))
    slip = message()
    site = center()
    assert {"telephone.messages", "reception.here", "shift.duties", "shift.items"} <= set(sources(site))
    draft = handover.begin_hand_over(by=person(BAI), site=site, day=day)
    assert handover.begin_hand_over(by=person(REN), site=site, day=day).pk == draft.pk

    def sign() -> HandOver:
        return handover.sign_hand_over(by=person(BAI), site=site, handover=draft, cash_fen=50_000)

    refusal = refused(Conflict, "leftovers_open", sign)
    assert set(refusal.facts["sources"]) == set(sources(site))
    for source in sources(site):
        handover.pass_on(by=person(BAI), site=site, handover=draft, source=source, reason="明早由主管处理")
    refused(RuleRefused, "reason_missing", lambda: handover.pass_on(
        by=person(BAI), site=site, handover=draft, source="reception.here", reason=" "))  # fmt: skip
    message("还有一条", to="020")  # what comes up afterwards needs a reason of its own
    assert refused(Conflict, "leftovers_open", sign).facts["sources"] == ["telephone.messages"]
    acknowledge_message(by=person("dr.lin"), slip=slip)
    handover.pass_on(by=person(BAI), site=site, handover=draft, source="telephone.messages", reason="徐医生明早到")
    given = sign()
    day.refresh_from_db()
    assert (day.state, given.state, given.figures["model_in"]) == ("closed", "given", 1)
    assert {"source": "telephone.messages", "count": 1} .items() <= next(
        one for one in given.snapshot if one["source"] == "telephone.messages").items()  # fmt: skip
    assert visible_tasks(person(GAO)).filter(kind="shift.passed_on").count() == 1
    refused(Conflict, "day_closed", lambda: handover.begin_hand_over(by=person(BAI), site=site, day=day))

    monday("2026-12-08 08:00")
    refused(Forbidden, "own_hand_over", lambda: handover.receive_hand_over(by=person(BAI), site=site, handover=given))
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.filter(pk=given.pk).update(received_by=given.given_by)
    assert visible_tasks(person(REN)).filter(kind="shift.receive").count() == 1
    taken = handover.receive_hand_over(by=person(REN), site=site, handover=given)
    assert (taken.received_by_name, taken.received_at) == ("任涛", local("2026-12-08 08:00"))
    assert not visible_tasks(person(REN)).filter(kind="shift.receive").exists()
    issue = handover.report_discrepancy(by=person(REN), site=site, handover=taken, words="备用金少50元")
    assert sources(site)["shift.discrepancies"] == 1
    with pytest.raises(Forbidden):
        handover.resolve_discrepancy(by=person(REN), site=site, discrepancy=issue, resolution="找到了")
    handover.resolve_discrepancy(by=person(GAO), site=site, discrepancy=issue, resolution="夹在票据里，已放回")
    assert "shift.discrepancies" not in sources(site)
    assert not visible_tasks(person(GAO)).filter(kind="shift.discrepancy").exists()


@pytest.mark.ledger("FD-017", "GV-036")
def test_the_close_knows_what_till_and_desk_leave_open_and_money_is_never_passed_on(monday: Any) -> None:
    # Given a signed slip that nobody charged, a bag in custody, and a question that no doctor has answered
    day = opened(planned())
    monday("2026-12-07 16:00")
    site, bao = center(), patient("包先生")
    slip = signed(bao, "scaling")
    bag = deposit_luggage(by=person(BAI), site=site, tag="A7", description="红色拉杆箱", owner="包先生")
    question = ask_doctor(
        by=person(BAI), site=site, question="种植后能坐飞机吗？", doctor=staff("011"), guest_name="包先生"
    )
    assert {"cashier.slips": 1, "guest_care.luggage": 1, "guest_care.questions": 1}.items() <= sources(site).items()
    monday("2026-12-07 17:50")
    draft = handover.begin_hand_over(by=person(BAI), site=site, day=day)

    # When it is passed on: luggage with a reason, money never
    handover.pass_on(by=person(BAI), site=site, handover=draft, source="guest_care.luggage", reason="客人明早来取")
    refused(RuleRefused, "money_is_cured", lambda: handover.pass_on(
        by=person(BAI), site=site, handover=draft, source="cashier.slips", reason="明天再收"))  # fmt: skip

    # Then each goes from the list when it is healed
    charged(slip)
    return_luggage(by=person(BAI), luggage=bag)
    answer_question(by=person("dr.lin"), question=question, answer="两周后可以")
    assert "guest_care.questions" in sources(site)  # answered, and not yet brought back
    bring_answer_back(by=person(BAI), question=question)
    assert not {"cashier.slips", "guest_care.luggage", "guest_care.questions"} & set(sources(site))


@pytest.mark.ledger("GV-016", "GV-021", "GV-032")
def test_the_checks_of_the_day_and_the_close_stand_on_the_lists_and_block_the_close_unanswered(monday: Any) -> None:
    day = planned()
    texts = " ".join(Tick.objects.filter(day=day).exclude(purpose="opening").values_list("text_zh", flat=True))
    assert all(word in texts for word in ("不接待无关人员", "候诊区整洁安静", "电脑清洁保养"))
    assert sources(center())["shift.items"] == 7
    for tick in Tick.objects.filter(day=day).exclude(purpose="opening"):
        opening.answer_item(by=person(BAI), site=center(), tick=tick, result="done")
    assert "shift.items" not in sources(center())
    day.refresh_from_db()
    assert day.state == "planned"  # only the opening list begins the opening
