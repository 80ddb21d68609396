"""Sites: when they are open, what is booked in them, and who may change that."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.calendars import Span, WeeklyHours
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused, StaleVersion
from services.sites import actions, selectors
from services.sites.models import Chair, LegalEntity, OpeningHours, Room, Site
from tests.services.doors import SYSTEM, api, browser, person

MONDAY = date(2026, 12, 7)


@pytest.fixture
def center(smile) -> Site:
    return Site.objects.get(slug="center")


# --- hours ------------------------------------------------------------------------------------------------------------


def test_a_day_is_the_local_day_of_the_site(center):
    assert selectors.day_bounds(center, MONDAY) == (
        datetime(2026, 12, 6, 16, tzinfo=UTC),
        datetime(2026, 12, 7, 16, tzinfo=UTC),
    )


def test_the_lunch_break_is_closed_and_the_edges_are_half_open(center, at):
    actions.set_opening_hours(
        by=SYSTEM, site=center, hours=WeeklyHours(((("08:30", "12:00"), ("13:30", "17:00")),) * 5 + ((), ()))
    )

    def open_at(text: str) -> bool:
        return selectors.is_open(center, at(f"2026-12-07 {text}"))

    assert [open_at(text) for text in ("08:29:59", "08:30", "11:59:59", "12:00", "13:00", "13:30", "17:00")] == [
        False, True, True, False, False, True, False,
    ]  # fmt: skip
    assert [str(span) for span in selectors.opening_hours(center, MONDAY)] == ["08:30-12:00", "13:30-17:00"]
    assert selectors.opening_hours(center, date(2026, 12, 12)) == ()


def test_an_exception_replaces_its_day_and_can_be_taken_back(center, at):
    at("2026-12-01 09:00")
    usual = selectors.opening_hours(center, MONDAY)
    sunday = date(2026, 12, 13)

    actions.set_exception(by=SYSTEM, site=center, day=MONDAY, spans=(), reason="stocktaking")
    actions.set_exception(
        by=SYSTEM, site=center, day=sunday, spans=(Span.parse("09:00", "12:00"),), reason="make-up day"
    )

    assert selectors.opening_hours(center, MONDAY) == ()
    assert [str(span) for span in selectors.opening_hours(center, sunday)] == ["09:00-12:00"]
    assert not selectors.is_open(center, at("2026-12-07 09:00"))

    actions.remove_exception(by=SYSTEM, site=center, day=MONDAY)
    assert selectors.opening_hours(center, MONDAY) == usual


def test_what_is_over_cannot_become_an_exception(center, at):
    at("2026-12-08 09:00")
    with pytest.raises(RuleRefused) as refused:
        actions.set_exception(by=SYSTEM, site=center, day=MONDAY, spans=(), reason="late")
    assert refused.value.code == "day_in_the_past"
    with pytest.raises(RuleRefused) as refused:
        actions.set_exception(
            by=SYSTEM, site=center, day=date(2026, 12, 9), until=date(2027, 12, 9), spans=(), reason="long"
        )
    assert refused.value.code == "too_many_days"


def test_the_database_refuses_overlapping_hours(center):
    OpeningHours.objects.filter(site=center).delete()
    OpeningHours.objects.create(site=center, weekday=0, opens=480, closes=720)
    OpeningHours.objects.create(site=center, weekday=0, opens=720, closes=780)
    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningHours.objects.create(site=center, weekday=0, opens=700, closes=800)
    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningHours.objects.create(site=center, weekday=1, opens=800, closes=800)


def test_hours_of_many_sites_take_two_queries(center, at, django_assert_num_queries):
    at("2026-12-07 09:00")
    sites = list(Site.objects.all())
    with django_assert_num_queries(2):
        today = selectors.hours_today(sites)
    assert today[center.pk] == selectors.opening_hours(center, MONDAY)


# --- entities, rooms, chairs ------------------------------------------------------------------------------------------


def test_another_entity_stands_behind_the_site_from_today_on(center, at):
    at("2026-12-07 09:00")
    before = center.entity
    after = actions.create_entity(by=SYSTEM, name="Orchid Dental Second Ltd", licence_number="L-2")

    actions.update_site(by=SYSTEM, site=center, entity=after)

    assert selectors.entity_on(center, date(2026, 12, 6)) == before
    assert selectors.entity_on(center, MONDAY) == after
    with pytest.raises(Conflict):
        actions.create_entity(by=SYSTEM, name="Orchid Dental Second Ltd")


def test_a_room_is_one_chair_unless_it_declares_more(center):
    room = actions.create_room(by=SYSTEM, site=center, number="12", name="Room 12")
    assert [(chair.name, chair.room_no) for chair in room.chairs.all()] == [("Room 12", "12")]

    second = actions.add_chair(by=SYSTEM, room=room, name="Room 12 window")
    assert [chair.name for chair in selectors.chairs(center).filter(room=room)] == ["Room 12", "Room 12 window"]
    with pytest.raises(Conflict) as refused:
        actions.add_chair(by=SYSTEM, room=room, name="Room 12")
    assert refused.value.code == "chair_exists"

    actions.update_chair(by=SYSTEM, chair=second, is_active=False)
    with pytest.raises(RuleRefused) as refused:
        actions.update_chair(by=SYSTEM, chair=room.chairs.get(name="Room 12"), is_active=False)
    assert refused.value.code == "last_chair"


def test_the_only_chair_follows_the_name_of_its_room(center):
    room = actions.create_room(by=SYSTEM, site=center, number="14", name="Room 14")
    actions.update_room(by=SYSTEM, room=room, name="Imaging")
    assert room.chairs.get().name == "Imaging"


def test_chairs_stand_in_the_order_of_their_rooms(center):
    for number in ("11", "9"):
        actions.create_room(by=SYSTEM, site=center, number=number, name=f"Room {number}")
    names = [chair.room_no for chair in selectors.chairs(center)]
    assert names.index("9") < names.index("11")


def test_the_last_site_stays_in_operation(smile):
    first, *others = Site.objects.filter(is_active=True)
    for site in others:
        actions.update_site(by=SYSTEM, site=site, is_active=False)
    with pytest.raises(RuleRefused) as refused:
        actions.update_site(by=SYSTEM, site=first, is_active=False)
    assert refused.value.code == "last_site"


def test_a_stale_editor_is_told(center):
    seen = center.version
    actions.update_site(by=SYSTEM, site=center, version=seen, phone="021-1")
    with pytest.raises(StaleVersion):
        actions.update_site(by=SYSTEM, site=center, version=seen, phone="021-2")
    assert Site.objects.get(pk=center.pk).phone == "021-1"


# --- who may ----------------------------------------------------------------------------------------------------------


def test_only_who_manages_sites_changes_them(center):
    with pytest.raises(Forbidden):
        actions.update_site(by=person("bai.lan"), site=center, phone="021-3")
    actions.update_site(by=person("admin.smile"), site=center, phone="021-3")
    assert Site.objects.get(pk=center.pk).phone == "021-3"


def test_a_site_where_one_does_not_work_looks_missing(center):
    harbor = Site.objects.get(slug="harbor")
    desk = person("bai.lan")
    assert selectors.access_site(desk, center.code) == center
    with pytest.raises(NotFound):
        selectors.access_site(desk, harbor.code)
    with pytest.raises(NotFound):
        selectors.access_chair(desk, harbor.chairs.first().code)
    assert [site.slug for site in selectors.sites_of(desk)] == ["center"]
    assert selectors.working_site(desk, harbor.code) == center


def test_the_settings_pages_are_for_the_administrator(smile, at):
    at("2026-12-07 09:00")
    center = Site.objects.get(slug="center")
    admin, desk = browser("admin.smile"), browser("bai.lan")

    for path in ("", "new/", f"{center.code}/", f"{center.code}/edit/", f"{center.code}/hours/"):
        assert admin.get(f"/sites/{path}").status_code == 200
    assert desk.get(f"/sites/{center.code}/edit/").status_code == 403
    assert desk.post(f"/sites/{center.code}/rooms/new/", {"number": "20", "name": "x"}).status_code == 403
    assert not Room.objects.filter(number="20").exists()

    answer = admin.post(f"/sites/{center.code}/rooms/new/", {"number": "20", "name": "Room 20"})
    assert answer.status_code == 303
    assert Chair.objects.filter(site=center, name="Room 20").exists()


def test_hours_are_edited_as_a_week(smile, at):
    at("2026-12-07 09:00")
    center = Site.objects.get(slug="center")
    admin, url = browser("admin.smile"), f"/sites/{center.code}/hours/"
    week = {"mon_0_opens": "09:00", "mon_0_closes": "12:30", "mon_1_opens": "14:00", "mon_1_closes": "00:00"}

    wrong = admin.post(url, week | {"tue_0_opens": "12:00", "tue_0_closes": "09:00", "version": center.version})
    assert wrong.status_code == 422

    assert admin.post(url, week | {"version": center.version}).status_code == 303
    assert [str(span) for span in selectors.opening_hours(center, MONDAY)] == ["09:00-12:30", "14:00-24:00"]
    assert admin.post(url, week | {"version": center.version}).status_code == 412


def test_a_new_site_and_its_entity_are_added_by_hand(smile, at):
    at("2026-12-07 09:00")
    admin = browser("admin.smile")
    assert admin.post("/sites/entities/new/", {"name": "Orchid Dental West Ltd"}).status_code == 303
    entity = LegalEntity.objects.get(name="Orchid Dental West Ltd")
    facts = {
        "name": "Smile West", "short_name": "West", "slug": "west", "city": "Shanghai", "entity": entity.code,
        "time_zone": "Asia/Shanghai", "order": 5,
    }  # fmt: skip
    assert admin.post("/sites/new/", facts).status_code == 303
    assert Site.objects.get(slug="west").entity == entity
    assert admin.post("/sites/new/", facts).status_code == 422


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_lists_sites_chairs_and_hours(smile, at):
    at("2026-12-07 09:00")
    desk, center = api("bai.lan"), Site.objects.get(slug="center")
    listed = desk.get("/api/v1/sites/").json()
    assert [row["slug"] for row in listed["results"]] == ["center"]
    assert "id" not in listed["results"][0]

    chairs = desk.get(f"/api/v1/sites/{center.code}/chairs/").json()["results"]
    assert [chair["room_no"] for chair in chairs][:3] == ["1", "2", "3"]

    hours = desk.get(f"/api/v1/sites/{center.code}/hours/?from=2026-12-07&days=7").json()["results"]
    assert [len(day["spans"]) for day in hours] == [
        len(selectors.opening_hours(center, date(2026, 12, 7 + n))) for n in range(7)
    ]
    assert clock.local(datetime.fromisoformat(hours[0]["spans"][0]["opens_at"])).strftime("%H:%M") == "08:30"


def test_the_api_changes_a_site_only_at_the_version_that_was_seen(smile):
    admin, center = api("admin.smile"), Site.objects.get(slug="center")
    url = f"/api/v1/sites/{center.code}/"
    tag = admin.get(url).headers["ETag"]

    assert admin.patch(url, {"city": "Suzhou"}).status_code == 400
    assert admin.patch(url, {"city": "Suzhou"}, headers={"If-Match": tag}).status_code == 200
    stale = admin.patch(url, {"city": "Wuxi"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert api("bai.lan").patch(url, {"city": "Wuxi"}, headers={"If-Match": tag}).status_code == 403
    assert Site.objects.get(pk=center.pk).city == "Suzhou"


def test_a_foreign_site_is_missing(working_for, smile):
    with working_for("derma"):
        foreign = Site.objects.first().code
    answer = api("admin.smile").get(f"/api/v1/sites/{foreign}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "site_not_found")
