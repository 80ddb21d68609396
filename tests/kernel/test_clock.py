"""The clock: one file moves a deployment, a block moves a test, production stands with real time."""

import io
import json
import threading
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from kernel import clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 12, 14, 9, 20, 0, tzinfo=SHANGHAI)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock_file(settings, tmp_path):
    settings.CLOCK_FILE = tmp_path / "clock.json"
    settings.CLOCK_MAY_MOVE = True
    return settings.CLOCK_FILE


@pytest.fixture
def listener():
    moves = []
    clock.moved.connect(moves.append)
    yield moves
    clock.moved.disconnect(moves.append)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("clock", *arguments, stdout=out)
    return out.getvalue()


def test_now_is_aware_and_in_utc(clock_file):
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < SECOND


def test_setting_the_clock_moves_it_and_lets_it_run_on(clock_file):
    move = clock.set_to(NINE)
    assert abs(clock.now() - NINE) < SECOND
    assert move.after == pytest.approx(NINE, abs=SECOND)
    assert clock.advance(timedelta(minutes=20, seconds=1)).before == pytest.approx(NINE, abs=SECOND)
    assert abs(clock.now() - NINE - timedelta(minutes=20, seconds=1)) < SECOND
    clock.real()
    assert not clock_file.exists()
    assert clock.offset() == timedelta(0)


def test_another_process_is_seen_at_once(clock_file):
    clock.now()
    clock_file.write_text(json.dumps({"offset_seconds": 3600}))
    assert clock.offset() == timedelta(hours=1)
    clock_file.with_suffix(".new").write_text(json.dumps({"offset_seconds": -60}))
    clock_file.with_suffix(".new").rename(clock_file)
    assert clock.offset() == timedelta(minutes=-1)


def test_advancing_twice_at_once_moves_the_clock_twice(clock_file):
    threads = [threading.Thread(target=clock.advance, args=[timedelta(minutes=1)]) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.offset() == timedelta(minutes=12)


def test_production_ignores_the_file_and_refuses_to_move(clock_file, settings):
    clock.advance(timedelta(days=1))
    settings.CLOCK_MAY_MOVE = False
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    for attempt in (lambda: clock.set_to(NINE), lambda: clock.advance(SECOND), clock.real):
        with pytest.raises(clock.ClockFixed):
            attempt()
    with pytest.raises(clock.ClockFixed), clock.frozen(NINE):
        pass
    with pytest.raises(CommandError):
        run("--advance", "1h")


def test_a_frozen_clock_stands_still_and_moves_on_demand(clock_file):
    with clock.frozen(NINE) as stopped:
        assert clock.now() == NINE
        stopped.advance(SECOND)
        assert clock.now() == NINE + SECOND
        with clock.frozen(NINE - timedelta(days=1)):
            assert clock.now() == NINE - timedelta(days=1)
        assert clock.now() == NINE + SECOND
    assert clock.now() != NINE + SECOND


@pytest.mark.parametrize("every_thread", [True, False])
def test_other_threads_stand_still_only_when_asked(clock_file, every_thread):
    seen = []
    with clock.frozen(NINE, every_thread=every_thread):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert (seen == [NINE]) is every_thread


def test_a_naive_moment_is_refused(clock_file):
    naive = datetime(2026, 12, 14, 9, 20)  # noqa: DTZ001
    for attempt in (lambda: clock.set_to(naive), lambda: clock.local(naive), lambda: clock.Frozen(naive)):
        with pytest.raises(ValueError):
            attempt()


@pytest.mark.ledger("PL-007")
def test_the_day_is_the_day_of_the_place():
    with clock.frozen(datetime(2026, 12, 14, 16, 30, tzinfo=UTC)):
        assert clock.today(SHANGHAI) == date(2026, 12, 15)
        assert clock.today(BERLIN) == date(2026, 12, 14)


@pytest.mark.parametrize(
    ("day", "wall", "zone", "utc"),
    [
        (date(2026, 12, 14), time(9, 20), SHANGHAI, datetime(2026, 12, 14, 1, 20, tzinfo=UTC)),
        # Put forward: 02:30 never happens, the due time is not lost.
        (date(2026, 3, 29), time(2, 30), BERLIN, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # Put back: 02:30 happens twice, the first one counts.
        (date(2026, 10, 25), time(2, 30), BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(2, 30, fold=1), BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_wall_time_is_one_moment(day, wall, zone, utc):
    assert clock.at_local(day, wall, zone) == utc


def test_a_day_is_as_long_as_its_zone_makes_it():
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)):
        start, end = clock.day_bounds(day, BERLIN)
        assert end - start == timedelta(hours=hours)


def test_the_command_sets_advances_shows_and_goes_back(clock_file, listener):
    facts = json.loads(run("--set", "2026-12-14T09:20:00+08:00", "--json").splitlines()[-1])
    assert datetime.fromisoformat(facts["now"]) == pytest.approx(NINE, abs=SECOND)
    assert facts["moved"]
    assert facts["listeners"] == 1
    for duration in ("20m", "1m1s", "00:01:00", "PT1M", "P0DT0H1M"):
        run("--advance", duration)
    assert abs(clock.now() - NINE - timedelta(minutes=24, seconds=1)) < SECOND
    run("--advance=-10m")
    assert "2026-12-14T09:34" in run()
    assert len(listener) == 7
    assert listener[1].after - listener[1].before == pytest.approx(timedelta(minutes=20), abs=SECOND)
    facts = json.loads(run("--real", "--json"))
    assert facts["offset_seconds"] == 0


def test_showing_the_time_moves_nothing(clock_file, listener):
    assert not json.loads(run("--json"))["moved"]
    assert listener == []


@pytest.mark.parametrize("arguments", [["--set", "yesterday"], ["--advance", "soon"], ["--advance", "20"]])
def test_the_command_refuses_what_it_does_not_understand(clock_file, listener, arguments):
    with pytest.raises(CommandError):
        run(*arguments)
    assert listener == []
    assert clock.offset() == timedelta(0)


def test_a_listener_that_fails_fails_the_command(clock_file):
    def broken(move: clock.Move) -> None:
        raise RuntimeError("the simulator stopped")

    clock.moved.connect(broken)
    try:
        with pytest.raises(RuntimeError):
            run("--advance", "1h")
    finally:
        clock.moved.disconnect(broken)
