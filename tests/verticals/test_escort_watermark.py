"""A photograph of the companion's phone says where it comes from: name, number and minute stand on every page with a client."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kernel.tenancy import TenantContext
from kernel.timers.models import Timer
from services.staff.models import StaffMember
from tests.services.doors import browser
from tests.verticals.agency import CLIENT, accepted, agreed, companion, met, offered, ready

MARK = re.compile(r'<div class="watermark".*?</div>', re.DOTALL)


@pytest.fixture(autouse=True)
def afternoon(at: Any, peiban: TenantContext) -> Any:
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    return at


def mark(page: str) -> str:
    found = MARK.search(page)
    return found[0] if found else ""


@pytest.mark.ledger("CR-015")
def test_every_page_with_a_client_carries_name_number_and_minute(afternoon: Any) -> None:
    order = ready()
    ming: StaffMember = companion("ming.yu").staff
    phone = browser("ming.yu")
    for moment in ("2026-12-30 15:00", "2026-12-31 08:00"):
        afternoon(moment)
        if moment.endswith("08:00"):
            met(order)
            phone = browser("ming.yu")
        for url in ("/escort/me/today/", f"/escort/me/orders/{order.code}/"):
            page = phone.get(url).content.decode()
            assert CLIENT in page
            assert all(word in mark(page) for word in (ming.name, ming.number, moment)), url
            # It is there for the eye and for the printer, and nothing for who listens or touches.
            assert 'aria-hidden="true"' in mark(page)
            assert "no-print" not in mark(page)


@pytest.mark.ledger("CR-015")
def test_a_form_that_comes_back_with_errors_carries_it_too(afternoon: Any) -> None:
    order = accepted()
    wrong = browser("ming.yu").post(f"/escort/me/orders/{order.code}/prepare/", {"registration_number": "9" * 41})
    assert wrong.status_code == 422
    assert companion("ming.yu").staff.number in mark(wrong.content.decode())


@pytest.mark.ledger("CR-015")
def test_the_mark_is_of_who_looks_and_offers_need_none(afternoon: Any) -> None:
    offered("rui.xin", order=agreed())
    page = browser("rui.xin").get("/escort/me/offers/").content.decode()
    assert CLIENT not in page
    assert mark(page) == ""
    order = accepted(starts="2027-01-02 08:00", ends="2027-01-02 12:00")
    assert companion("ming.yu").staff.name in mark(
        browser("ming.yu").get(f"/escort/me/orders/{order.code}/").content.decode()
    )
