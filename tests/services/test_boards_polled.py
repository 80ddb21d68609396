"""Boards that ask every few seconds: what has not changed is neither read nor drawn again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kernel.identity.models import User
from services.guest_care import queue, wishes
from services.treatment_area.rounds import report_concern
from tests.services.doors import SYSTEM, browser, statements
from tests.services.flow import booked, center, patient, walked_in
from tests.verticals.agency import enquiry, offered

POLL = {"X-Poll": "1"}


def note_luggage() -> None:
    wishes.deposit_luggage(by=SYSTEM, site=center(), tag="Z1", description="箱", owner="客人")


def give_number() -> None:
    queue.give_ticket(by=SYSTEM, visit=walked_in(patient("取号")))


def concern() -> None:
    report_concern(by=SYSTEM, site=center(), kind="other", words="孩子在哭")


def arrives() -> None:
    walked_in(patient("新来"))


def books() -> None:
    booked(patient("预约"), "2026-12-07 15:00")


BOARDS = (
    ("bai.lan", "/reception/", arrives),
    ("bai.lan", "/reception/?part=queue", arrives),
    ("bai.lan", "/reception/?part=board", books),
    ("bai.lan", "/reception/chairs/", arrives),
    ("dr.lin", "/reception/doctor/", arrives),
    ("bai.lan", "/guest_care/", note_luggage),
    ("bai.lan", "/guest_care/queue/", give_number),
    ("bai.lan", "/guest_care/queue/screen/", give_number),
    ("su.qi", "/treatment_area/", concern),
)


def kept(web: Any, path: str) -> dict[str, str]:
    """The headers of somebody who has just read this part."""
    return POLL | {"If-None-Match": web.get(path, headers=POLL).headers["ETag"]}


def never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(*_args: object, **_more: object) -> str:
        raise AssertionError("drawn again")

    monkeypatch.setattr("kernel.web.views.render_to_string", drawn)


@pytest.mark.parametrize(("who", "path", "change"), BOARDS, ids=[path for _who, path, _change in BOARDS])
def test_a_board_is_drawn_again_only_after_a_change(
    smile: Any, at: Any, monkeypatch: pytest.MonkeyPatch, who: str, path: str, change: Callable[[], None]
) -> None:
    """Given a board that was read, when it is asked for again, then 304 for few statements; after a change anew."""
    at("2026-12-07 09:10")
    arrives()
    web = browser(who)
    headers = kept(web, path)
    with monkeypatch.context() as patched:
        never_drawn(patched)
        assert web.get(path, headers=headers).status_code == 304
        # Who asks (session, person, standing), the site, and one statement for all rows of the board.
        assert statements(lambda: web.get(path, headers=headers)) <= 6

    change()
    assert web.get(path, headers=headers).status_code == 200
    headers = kept(web, path)
    assert web.get(path, headers=headers).status_code == 304
    at("2026-12-07 09:11")
    assert web.get(path, headers=headers).status_code == 200


def test_the_answer_belongs_to_who_asked(smile: Any, at: Any) -> None:
    """What one person may do shows on the board: another's tag does not fit."""
    at("2026-12-07 09:10")
    headers = kept(browser("bai.lan"), "/reception/")
    assert browser("bai.lan").get("/reception/", headers=headers).status_code == 304
    assert browser("ye.fan").get("/reception/", headers=headers).status_code == 200
    assert User.objects.filter(username="ye.fan").exists()


def test_the_boards_of_the_escort_agency(peiban: Any, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at("2026-12-07 09:10")
    order = enquiry()
    manager = browser("hao.zhi")
    headers = kept(manager, "/escort/board/")
    with monkeypatch.context() as patched:
        never_drawn(patched)
        assert manager.get("/escort/board/", headers=headers).status_code == 304
    enquiry("2026-12-30 08:00", "2026-12-30 12:00")
    assert manager.get("/escort/board/", headers=headers).status_code == 200

    companion = browser("ming.yu")
    headers = kept(companion, "/escort/me/offers/")
    assert companion.get("/escort/me/offers/", headers=headers).status_code == 304
    offered("ming.yu")
    assert companion.get("/escort/me/offers/", headers=headers).status_code == 200
    assert order.pk is not None
