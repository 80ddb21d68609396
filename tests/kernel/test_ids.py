"""Codes: UUIDv7 that grow, whatever the clock does."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

from kernel import clock
from kernel.ids import etag, uuid7

NINE = datetime(2026, 12, 14, 1, 0, tzinfo=UTC)


def millisecond_of(code: uuid.UUID) -> int:
    return code.int >> 80


def test_a_code_is_a_version_seven_uuid_of_the_kernels_time():
    with clock.frozen(NINE):
        code = uuid7()
    assert code.version == 7
    assert code.variant == uuid.RFC_4122
    assert abs(millisecond_of(code) - NINE.timestamp() * 1000) < 50


def test_codes_grow_also_within_one_millisecond():
    with clock.frozen(NINE):
        codes = [uuid7() for _number in range(20_000)]
    assert codes == sorted(codes)
    assert len(set(codes)) == len(codes)


def test_a_clock_that_falls_back_a_little_keeps_the_order():
    with clock.frozen(NINE) as stopped:
        before = uuid7()
        stopped.advance(timedelta(seconds=-1))
        assert uuid7() > before


def test_a_clock_that_is_moved_on_purpose_is_followed():
    with clock.frozen(NINE) as stopped:
        uuid7()
        stopped.move_to(NINE - timedelta(days=30))
        code = uuid7()
    assert abs(millisecond_of(code) - (NINE - timedelta(days=30)).timestamp() * 1000) < 50


def test_threads_never_get_the_same_code():
    found: list[uuid.UUID] = []

    def take() -> None:
        found.extend([uuid7() for _number in range(2_000)])

    threads = [threading.Thread(target=take) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 16_000


def test_the_entity_tag_is_quoted_and_differs_by_version():
    code = uuid7()
    assert etag(code, 1) != etag(code, 2)
    assert etag(code, 1) == f'"{code.hex}-1"'
