"""Both calendars: statutory working days with make-up days, and the opening hours of a site (PL-018)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import calendars
from kernel.calendars import Span, WeeklyHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
SPLIT = WeeklyHours.from_json(
    {name: [["08:00", "12:00"], ["13:30", "17:00"]] for name in ("mon", "tue", "wed", "thu", "fri")}
    | {"sat": [["09:00", "12:00"]]}
)
FROM = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2029, 12, 31))


def shanghai(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, second, tzinfo=SHANGHAI)


# --- statutory working days -----------------------------------------------------------------------------------------


@pytest.mark.ledger("PL-018")
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 2, 17), False),  # spring festival
        (date(2026, 2, 14), True),  # a Saturday worked for it
        (date(2026, 2, 28), True),
        (date(2026, 2, 20), False),  # a Friday given for it
        (date(2026, 10, 10), True),
        (date(2026, 12, 12), False),  # an ordinary Saturday
        (date(2026, 12, 14), True),
    ],
)
def test_make_up_days_are_working_days(day, expected):
    assert calendars.is_working_day(day) is expected


@pytest.mark.ledger("PL-018")
@pytest.mark.parametrize("year", [2027, 2031, 2060])
def test_a_year_that_is_not_published_answers_provisionally(year):
    answer = calendars.working_day(date(year, 10, 1))
    assert answer.provisional
    assert not answer.is_working
    assert answer.holiday
    assert not calendars.working_day(date(2026, 10, 1)).provisional


@pytest.mark.ledger("PL-018")
def test_an_exception_of_the_tenant_is_certain():
    free, extra = date(2027, 3, 1), date(2027, 3, 6)
    exceptions = {free: False, extra: True}
    assert not calendars.is_working_day(free, exceptions=exceptions)
    assert calendars.is_working_day(extra, exceptions=exceptions)
    assert not calendars.working_day(free, exceptions=exceptions).provisional


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 12, 14), 5, date(2026, 12, 21)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2026, 12, 14), -1, date(2026, 12, 11)),
        (date(2026, 12, 12), 0, date(2026, 12, 12)),
    ],
)
def test_working_days_are_counted_from_the_next_day(start, count, expected):
    assert calendars.add_working_days(start, count) == expected


@given(DAYS, st.integers(min_value=1, max_value=60))
def test_adding_and_counting_working_days_agree(day, count):
    due = calendars.add_working_days(day, count)
    assert calendars.is_working_day(due)
    assert calendars.working_days_between(day, due) == count
    assert calendars.working_days_between(due, day) == -count


def test_a_calendar_without_working_days_says_so():
    never = {date(2026, 1, 1) + timedelta(days=number): False for number in range(800)}
    with pytest.raises(ValueError):
        calendars.add_working_days(date(2026, 1, 1), 1, exceptions=never)


# --- months ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 12, 14), 12, date(2027, 12, 14)),
    ],
)
def test_months_are_clamped_to_the_end(day, months, expected):
    assert calendars.add_months_clamped(day, months) == expected


@given(DAYS, st.integers(min_value=-120, max_value=120))
def test_a_clamped_month_never_leaves_its_month(day, months):
    moved = calendars.add_months_clamped(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or moved == calendars.last_of_month(moved)
    if months >= 0:
        assert calendars.months_between(day, moved) == months


def test_a_datetime_keeps_its_time():
    assert calendars.add_months_clamped(shanghai(31, 9, 20), 2) == datetime(2027, 2, 28, 9, 20, tzinfo=SHANGHAI)


# --- opening hours --------------------------------------------------------------------------------------------------


def test_hours_are_read_and_written_as_people_say_them():
    assert WeeklyHours.from_json(SPLIT.to_json()) == SPLIT
    assert SPLIT.to_json()["mon"] == [["08:00", "12:00"], ["13:30", "17:00"]]
    assert SPLIT.to_json()["sun"] == []
    assert str(Span.parse("20:00", "24:00")) == "20:00-24:00"


@pytest.mark.parametrize(
    "week",
    [
        {"mon": [["12:00", "08:00"]]},
        {"mon": [["08:00", "12:00"], ["11:59", "17:00"]]},
        {"someday": []},
        {"mon": [["08:00", "25:00"]]},
        {"mon": [["08:00:30", "12:00"]]},
    ],
)
def test_impossible_hours_are_refused(week):
    with pytest.raises(ValueError):
        WeeklyHours.from_json(week)


@pytest.mark.ledger("PL-018")
def test_the_day_before_is_the_last_opening_day():
    assert calendars.last_opening_day_before(SPLIT, date(2026, 12, 14)) == date(2026, 12, 12)
    closed_saturday = SPLIT.with_exceptions({date(2026, 12, 12): []})
    assert calendars.last_opening_day_before(closed_saturday, date(2026, 12, 14)) == date(2026, 12, 11)
    open_sunday = SPLIT.with_exceptions({date(2026, 12, 13): [("10:00", "12:00")]})
    assert calendars.last_opening_day_before(open_sunday, date(2026, 12, 14)) == date(2026, 12, 13)
    assert calendars.next_opening_day_after(SPLIT, date(2026, 12, 12)) == date(2026, 12, 14)


def test_opening_days_leave_out_the_closed_ones():
    days = calendars.opening_days(SPLIT, date(2026, 12, 11), date(2026, 12, 14))
    assert days == [date(2026, 12, 11), date(2026, 12, 12), date(2026, 12, 14)]


def test_a_site_that_never_opens_says_so():
    with pytest.raises(calendars.NeverOpen):
        calendars.last_opening_day_before(WeeklyHours(), date(2026, 12, 14))
    with pytest.raises(calendars.NeverOpen):
        calendars.add_business_minutes(shanghai(14, 9), 1, WeeklyHours(), SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(shanghai(14, 8), True), (shanghai(14, 12), False), (shanghai(14, 13, 30), True), (shanghai(14, 17), False)],
)
def test_opening_counts_and_closing_does_not(moment, expected):
    assert calendars.is_open(SPLIT, moment, SHANGHAI) is expected


@pytest.mark.ledger("PL-018")
@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        (shanghai(14, 11, 30), shanghai(14, 14), 60),  # over lunch
        (shanghai(11, 16, 30), shanghai(12, 9, 15), 45),  # over night
        (shanghai(12, 11), shanghai(14, 8, 10), 70),  # over Sunday
        (shanghai(14, 12), shanghai(14, 13, 30), 0),
        (shanghai(14, 9), shanghai(14, 9, 0, 59), 0),
        (shanghai(14, 10), shanghai(14, 9), -60),
    ],
)
def test_only_open_minutes_count(start, end, minutes):
    assert calendars.business_minutes_between(start, end, SPLIT, SHANGHAI) == minutes


@pytest.mark.ledger("TC-012")
@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        (shanghai(14, 11, 30), 60, shanghai(14, 14)),
        (shanghai(14, 16), 60, shanghai(14, 17)),  # at closing time, not the next morning
        (shanghai(14, 16), 61, shanghai(15, 8, 1)),
        (shanghai(12, 11), 240, shanghai(14, 11)),  # four hours from Saturday on
        (shanghai(13, 3), 0, shanghai(13, 3)),
        (shanghai(13, 3), 1, shanghai(14, 8, 1)),
    ],
)
def test_a_due_time_falls_into_open_hours(start, minutes, due):
    assert calendars.add_business_minutes(start, minutes, SPLIT, SHANGHAI) == due


@given(
    st.integers(min_value=0, max_value=2 * 365 * 24 * 3600).map(lambda number: FROM + timedelta(seconds=number)),
    st.integers(min_value=1, max_value=5_000),
    st.sampled_from([SHANGHAI, BERLIN]),
)
def test_adding_and_counting_open_minutes_agree(start, minutes, zone):
    due = calendars.add_business_minutes(start, minutes, SPLIT, zone)
    assert calendars.business_minutes_between(start, due, SPLIT, zone) == minutes
    assert calendars.business_minutes_between(start, due - timedelta(seconds=1), SPLIT, zone) == minutes - 1
    assert calendars.business_minutes_between(due, start, SPLIT, zone) == -minutes


@given(DAYS)
def test_open_time_adds_up_across_any_cut(day):
    start = datetime(day.year, day.month, day.day, 6, tzinfo=SHANGHAI)
    cut, end = start + timedelta(hours=31), start + timedelta(days=5)
    whole = calendars.business_minutes_between(start, end, SPLIT, SHANGHAI)
    parts = [(start, cut), (cut, end)]
    assert whole == sum(calendars.business_minutes_between(first, last, SPLIT, SHANGHAI) for first, last in parts)
