"""Staff: who works where, the roster without overlaps, and what nobody outside sees."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused, StaleVersion
from kernel.identity.models import User
from kernel.outbox.models import OutboxEvent
from kernel.timers.models import Timer
from services.sites.models import Site
from services.staff import actions, handlers, selectors
from services.staff.models import DutyShift, StaffMember
from services.staff.weeks import days_of, monday_of, parse_week, week_name
from tests.kernel.probes import at_once
from tests.services.doors import SYSTEM, api, browser, person, staff

PRIVATE_PHONE = "13911112222"
MONDAY = date(2026, 12, 7)


@pytest.fixture
def center(smile, at) -> Site:
    at("2026-12-07 09:00")
    return Site.objects.get(slug="center")


@pytest.fixture
def harbor(smile) -> Site:
    return Site.objects.get(slug="harbor")


@pytest.fixture
def free_week(center) -> date:
    """A Monday in a week without any shift."""
    monday = date(2027, 9, 6)
    DutyShift.objects.filter(starts_at__gte=datetime(2027, 9, 5, tzinfo=UTC)).delete()
    return monday


def local(day: date, text: str, site: Site) -> datetime:
    hour, minute = text.split(":")
    return clock.at_local(day, datetime(2000, 1, 1, int(hour), int(minute)).time(), site.timezone)  # noqa: DTZ001


def plan(site: Site, number: str, day: date, start: str, end: str, **facts):
    facts = {"by": SYSTEM, "kind": "clinic", **facts}
    return actions.plan_shift(
        site=site, staff=staff(number), starts_at=local(day, start, site), ends_at=local(day, end, site), **facts
    )


# --- the roster -------------------------------------------------------------------------------------------------------


def test_one_person_is_in_one_place_at_a_time(center, harbor, free_week):
    plan(center, "011", free_week, "08:30", "12:00")

    plan(center, "011", free_week, "12:00", "13:00")  # touching is not overlapping
    with pytest.raises(Conflict) as refused:
        plan(harbor, "011", free_week, "12:30", "18:00")

    assert refused.value.code == "shift_overlap"
    assert DutyShift.objects.filter(staff=staff("011"), starts_at__gte=local(free_week, "00:00", center)).count() == 2


def test_the_database_refuses_an_overlap_too(center, free_week):
    shift = plan(center, "011", free_week, "08:30", "12:00")
    with pytest.raises(IntegrityError), transaction.atomic():
        DutyShift.objects.create(
            staff=shift.staff,
            site=center,
            starts_at=shift.ends_at - timedelta(minutes=1),
            ends_at=shift.ends_at + timedelta(1),
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        DutyShift.objects.create(staff=staff("014"), site=center, starts_at=shift.ends_at, ends_at=shift.ends_at)


def test_a_shift_must_be_possible(center, harbor, free_week):
    cases = {
        "shift_ends_before_it_starts": ("12:00", "12:00", {}),
        "chair_elsewhere": ("08:00", "12:00", {"chair": harbor.chairs.first()}),
        "rest_needs_no_chair": ("08:00", "12:00", {"chair": center.chairs.first(), "kind": "rest"}),
    }
    for code, (start, end, facts) in cases.items():
        with pytest.raises(RuleRefused) as refused:
            plan(center, "011", free_week, start, end, **facts)
        assert refused.value.code == code
    assert not DutyShift.objects.filter(staff=staff("011"), starts_at__gte=local(free_week, "00:00", center)).exists()


def test_who_is_on_duty_stands_in_rotation_order(center, free_week, django_assert_num_queries):
    plan(center, "020", free_week, "08:30", "12:00", chair=center.chairs.get(room__number="2"))
    plan(center, "011", free_week, "08:30", "12:00", chair=center.chairs.get(room__number="1"))
    plan(center, "011", free_week, "13:30", "17:00", chair=center.chairs.get(room__number="1"))
    plan(center, "005", free_week, "08:30", "17:00", kind="rest")
    plan(center, "201", free_week, "08:30", "12:00", chair=center.chairs.get(room__number="1"))

    with django_assert_num_queries(1):
        doctors = selectors.doctors_on_duty(center, free_week)

    assert [one.staff.number for one in doctors] == ["011", "020"]
    assert [shift.chair.room_no for shift in doctors[0].shifts] == ["1", "1"]
    assert doctors[0].at(local(free_week, "12:30", center)) is None
    assert doctors[0].at(local(free_week, "13:30", center)) == doctors[0].shifts[1]
    assert [one.staff.number for one in selectors.assistants_on_duty(center, free_week)] == ["201"]


def test_being_on_duty_may_span_touching_shifts_but_not_a_gap(center, free_week):
    plan(center, "011", free_week, "08:30", "12:00")
    plan(center, "011", free_week, "12:00", "13:00")
    plan(center, "011", free_week, "14:00", "17:00")
    doctor = staff("011")

    def on_duty(start: str, end: str) -> bool:
        return selectors.is_on_duty(doctor, center, local(free_week, start, center), local(free_week, end, center))

    assert on_duty("11:00", "12:30")
    assert not on_duty("12:30", "14:30")
    assert not on_duty("08:00", "09:00")


def test_numbers_count_as_people_count():
    order = sorted(
        (StaffMember(number=number) for number in ("101", "9", "011", "A7", "x")), key=selectors.rotation_key
    )
    assert [person_.number for person_ in order] == ["A7", "9", "011", "101", "x"]


def test_a_week_is_copied_with_its_local_times(center, free_week):
    plan(center, "011", free_week, "08:30", "12:00", chair=center.chairs.get(room__number="1"))
    plan(center, "020", free_week + timedelta(1), "22:00", "23:00")
    plan(center, "020", free_week + timedelta(8), "22:30", "23:30")  # stands in the way of the copied one

    written = actions.copy_week(by=SYSTEM, site=center, from_monday=free_week, to_monday=free_week + timedelta(7))

    assert written == 1
    (copied,) = DutyShift.objects.filter(
        staff=staff("011"), starts_at__gte=local(free_week + timedelta(7), "00:00", center)
    )
    assert copied.starts_at == local(free_week + timedelta(7), "08:30", center)
    assert copied.chair.room_no == "1"
    with pytest.raises(RuleRefused) as refused:
        actions.copy_week(by=SYSTEM, site=center, from_monday=free_week - timedelta(7), to_monday=free_week)
    assert refused.value.code == "nothing_to_copy"


def test_only_the_head_plans_and_a_stale_editor_is_told(center, free_week):
    shift = plan(center, "011", free_week, "08:30", "12:00")
    facts = {"starts_at": shift.starts_at, "ends_at": shift.ends_at + timedelta(hours=1), "kind": "clinic"}

    with pytest.raises(Forbidden):
        actions.change_shift(by=person("bai.lan"), site=center, shift=shift, **facts)
    actions.change_shift(by=person("mei.hua"), site=center, shift=shift, version=1, **facts)
    with pytest.raises(StaleVersion):
        actions.remove_shift(by=person("mei.hua"), site=center, shift=shift, version=1)
    assert DutyShift.objects.get(pk=shift.pk).ends_at == facts["ends_at"]


def test_a_head_of_one_branch_does_not_plan_another(center, harbor, free_week):
    with pytest.raises(Forbidden):
        plan(harbor, "031", free_week, "08:30", "12:00", by=person("mei.hua"))
    shift = plan(harbor, "031", free_week, "08:30", "12:00")
    with pytest.raises(NotFound):
        selectors.access_shift(person("mei.hua"), shift.code)


def test_weeks_are_read_from_addresses():
    assert parse_week("2026-W50", MONDAY) == MONDAY
    assert parse_week("2026-12-09", MONDAY) == MONDAY
    assert parse_week("rubbish", MONDAY + timedelta(3)) == MONDAY
    assert week_name(MONDAY) == "2026-W50"
    assert days_of(MONDAY)[-1] == date(2026, 12, 13)
    assert monday_of(date(2027, 1, 3)) == date(2026, 12, 28)


# --- people -----------------------------------------------------------------------------------------------------------


def test_a_number_and_an_account_belong_to_one_person(center):
    with pytest.raises(Conflict) as refused:
        actions.hire_staff(by=SYSTEM, site=center, number="011", name="曾新", post="医生", gender="male")
    assert refused.value.code == "staff_number_taken"

    new = actions.hire_staff(
        by=SYSTEM, site=center, number="099", name="曾新", post="医生", gender="male", is_doctor=True
    )
    assert (new.pinyin, new.initials) == ("zengxin", "zx")
    assert new in selectors.doctors_at(center)
    with pytest.raises(Conflict) as refused:
        actions.link_user(by=SYSTEM, staff=new, user=User.objects.get(username="dr.lin"))
    assert refused.value.code == "user_already_staff"


def test_people_work_where_they_are_assigned(center, harbor):
    doctor = staff("011")
    assert doctor not in selectors.staff_at(harbor)
    actions.assign_to_site(by=SYSTEM, staff=doctor, site=harbor, starts_on=MONDAY, ends_on=MONDAY)
    assert doctor in selectors.staff_at(harbor, MONDAY)
    assert doctor not in selectors.staff_at(harbor, MONDAY + timedelta(1))
    with pytest.raises(Conflict):
        actions.assign_to_site(by=SYSTEM, staff=doctor, site=harbor, starts_on=MONDAY)


def test_who_leaves_loses_shifts_and_account(center, free_week, at):
    plan(center, "014", free_week, "08:30", "12:00")
    last_day = date(2026, 12, 8)

    actions.record_leaving(by=SYSTEM, staff=staff("014"), left_on=last_day)

    assert not DutyShift.objects.filter(
        staff=staff("014"), starts_at__gte=local(last_day + timedelta(1), "00:00", center)
    ).exists()
    assert OutboxEvent.objects.filter(type="staff.left", key=str(staff("014").code)).exists()
    with pytest.raises(RuleRefused) as refused:
        plan(center, "014", free_week, "08:30", "12:00")
    assert refused.value.code == "staff_not_employed"

    timer = Timer.objects.get(kind="staff.leaver", key=str(staff("014").code))
    at("2026-12-08 18:00")
    handlers.close_account_of_leaver(timer)
    assert User.objects.get(username="dr.zhao").is_active
    assert timer.due_at == at("2026-12-09 00:00")
    handlers.close_account_of_leaver(timer)
    assert not User.objects.get(username="dr.zhao").is_active


def test_staff_are_found_by_pinyin_initials_and_number(center):
    desk = person("bai.lan")
    for query in ("lys", "linyisheng", "林", "011"):
        assert staff("011") in selectors.find_staff(desk, query=query)
    assert staff("011") not in selectors.find_staff(desk, query="zz")


def test_the_actor_of_a_person_is_their_staff_member(center):
    assert selectors.staff_of(person("dr.lin")) == staff("011")
    assert selectors.staff_of(SYSTEM) is None


# --- private phones ---------------------------------------------------------------------------------------------------


@pytest.fixture
def private_phone(center) -> str:
    actions.update_staff(by=SYSTEM, staff=staff("011"), phone=PRIVATE_PHONE)
    return PRIVATE_PHONE


@pytest.mark.ledger("CR-020")
def test_a_private_phone_is_in_no_answer_for_colleagues_or_apps(private_phone, center):
    code = staff("011").code
    for username in ("bai.lan", "gao.wen", "admin.smile"):
        for path in ("/api/v1/staff/", f"/api/v1/staff/{code}/", f"/api/v1/staff/duty/?site={center.code}"):
            answer = api(username).get(path)
            assert answer.status_code == 200
            assert PRIVATE_PHONE not in answer.content.decode()
            assert '"phone"' not in answer.content.decode()
    for path in ("/staff/", f"/staff/{code}/", "/staff/roster/"):
        page = browser("bai.lan").get(path)
        assert page.status_code == 200
        assert PRIVATE_PHONE not in page.content.decode()


@pytest.mark.ledger("CR-020")
def test_the_personnel_office_sees_it_and_the_look_is_logged(private_phone, center):
    page = browser("admin.smile").get(f"/staff/{staff('011').code}/")
    assert PRIVATE_PHONE in page.content.decode()
    assert AuditEntry.objects.filter(verb="read", purpose="staff.private_phone", target_code=staff("011").code).exists()


@pytest.mark.ledger("CR-020")
def test_it_is_stored_sealed(private_phone):
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(s)::text FROM staff_staffmember s")
        assert all(PRIVATE_PHONE not in row[0] for row in cursor.fetchall())
    assert StaffMember.objects.get(phone_index__marks="+86 139-1111-2222") == staff("011")


# --- pages and API ----------------------------------------------------------------------------------------------------


def test_the_roster_shows_the_week_and_the_head_edits_it(center, free_week):
    head, desk, week = browser("mei.hua"), browser("bai.lan"), week_name(free_week)
    facts = {
        "staff": staff("011").code, "day": free_week.isoformat(), "starts": "08:30", "ends": "12:00", "kind": "clinic",
        "chair": center.chairs.get(room__number="1").code,
    }  # fmt: skip

    assert desk.post("/staff/roster/new/", facts).status_code == 403
    assert head.post("/staff/roster/new/", facts).status_code == 303
    assert head.post("/staff/roster/new/", facts).status_code == 409
    shown = desk.get(f"/staff/roster/?week={week}").content.decode()
    assert "08:30–12:00" in shown
    assert "/staff/roster/new/" not in shown

    shift = DutyShift.objects.get(staff=staff("011"), starts_at=local(free_week, "08:30", center))
    changed = facts | {"ends": "07:00", "version": shift.version}  # until the next morning
    assert head.post(f"/staff/roster/{shift.code}/", changed).status_code == 303
    assert DutyShift.objects.get(pk=shift.pk).ends_at == local(free_week + timedelta(1), "07:00", center)
    assert head.post("/staff/roster/copy/", {"week": week_name(free_week + timedelta(7))}).status_code == 303
    assert head.post(f"/staff/roster/{shift.code}/remove/").status_code == 303
    assert DutyShift.objects.filter(staff=staff("011"), starts_at__gte=local(free_week, "00:00", center)).count() == 1


def test_the_roster_costs_the_same_for_many_people(center, free_week, django_assert_max_num_queries):
    desk = browser("bai.lan")
    for day in days_of(free_week):
        for number in ("005", "011", "014", "020", "201", "202", "203"):
            plan(center, number, day, "08:30", "12:00")
    with django_assert_max_num_queries(14):
        assert desk.get(f"/staff/roster/?week={week_name(free_week)}").status_code == 200


def test_staff_are_entered_and_changed_by_the_personnel_office(center):
    facts = {
        "name": "单青", "number": "188", "post": "护士", "gender": "female", "site": center.code, "is_assistant": "on",
        "specialties": "口腔外科，种植", "hired_on": "2026-12-01",
    }  # fmt: skip
    assert browser("gao.wen").post("/staff/new/", facts).status_code == 403
    admin = browser("admin.smile")
    assert admin.post("/staff/new/", facts).status_code == 303
    new = staff("188")
    assert (new.pinyin, new.specialties, new.home_site) == ("shanqing", ["口腔外科", "种植"], center)

    changed = {**facts, "post": "护士长", "version": new.version}
    assert admin.post(f"/staff/{new.code}/edit/", changed).status_code == 303
    assert admin.post(f"/staff/{new.code}/edit/", {**changed, "post": "x"}).status_code == 412
    assert staff("188").post == "护士长"
    assert admin.post(f"/staff/{new.code}/leaving/", {"left_on": "2026-12-31"}).status_code == 303
    assert staff("188").left_on == date(2026, 12, 31)


def test_the_api_plans_and_removes_shifts(center, free_week):
    head = api("mei.hua")
    facts = {
        "site": str(center.code), "staff": str(staff("011").code), "starts_at": f"{free_week}T08:30:00+08:00",
        "ends_at": f"{free_week}T12:00:00+08:00",
    }  # fmt: skip
    planned = head.post("/api/v1/staff/shifts/", facts)
    assert planned.status_code == 201
    again = head.post("/api/v1/staff/shifts/", facts)
    assert (again.status_code, again.json()["code"]) == (409, "shift_overlap")
    assert api("bai.lan").post("/api/v1/staff/shifts/", facts).status_code == 403

    duty = api("bai.lan").get(f"/api/v1/staff/duty/?site={center.code}&day={free_week}&doctors=true").json()["results"]
    assert [row["staff"]["number"] for row in duty] == ["011"]
    url = f"/api/v1/staff/shifts/{planned.json()['code']}/"
    assert head.delete(url).status_code == 400
    assert head.delete(url, headers={"If-Match": planned.headers["ETag"]}).status_code == 204
    assert head.get(url).status_code == 404


def test_two_heads_at_once_plan_one_shift(own_database, smile):
    site, monday = Site.objects.get(slug="center"), date(2027, 9, 6)

    def one_head() -> str:
        try:
            plan(site, "011", monday, "08:30", "12:00")
        except Conflict as refused:
            return refused.code
        return "planned"

    assert sorted(at_once(smile, *[one_head] * 4)) == ["planned", "shift_overlap", "shift_overlap", "shift_overlap"]
