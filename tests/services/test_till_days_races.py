"""Two who close the till at once: it is closed once."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.errors import DomainError
from services.books.models import ClosedDay
from services.documents.models import Document
from services.till_days import actions
from services.till_days.models import DifferenceCase, TillDay
from tests.kernel.probes import at_once
from tests.services.doors import person, staff
from tests.services.flow import center, patient
from tests.services.till import charged, signed
from tests.services.till_close import counted, till_of

DAY = date(2026, 12, 16)


@pytest.fixture(autouse=True)
def wednesday(own_database, smile, at):
    at("2026-12-16 18:00")
    return at


@pytest.mark.ledger("CA-046", "CA-047")
def test_of_four_who_reconcile_at_once_one_closes_the_day(smile):
    charged(signed(patient("宋倩"), "film"))
    cashier, second, given = person("fang.li"), person("ren.tao"), counted(11_000)
    actions.count(by=cashier, site=center(), day=till_of(DAY), counted=given)
    actions.begin_close(by=cashier, site=center(), day=till_of(DAY), reconciler=staff("103"))

    def run() -> object:
        try:
            return actions.reconcile(by=second, site=center(), day=TillDay.objects.get(day=DAY), counted=given)
        except DomainError as refusal:
            return refusal

    results = at_once(smile, *[run] * 4)
    assert sorted(getattr(one, "code", "") if isinstance(one, DomainError) else "" for one in results) == [
        "", "till_closed", "till_closed", "till_closed",
    ]  # fmt: skip
    assert ClosedDay.objects.filter(day=DAY).count() == 1
    assert DifferenceCase.objects.get().amount_fen == -1_000
    assert Document.objects.filter(kind="till.daily_report").count() == 1


@pytest.mark.ledger("CA-035")
def test_of_two_first_charges_one_opens_the_day(smile):
    slips = [signed(patient("宋倩"), "film"), signed(patient("何青"), "film")]
    results = at_once(smile, *[lambda slip=slip: charged(slip) for slip in slips])
    assert not [one for one in results if isinstance(one, BaseException)], results
    assert TillDay.objects.count() == 1
