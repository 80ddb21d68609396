"""Several desks at the queue at the same moment (QU-013)."""

from __future__ import annotations

import pytest

from services.guest_care import queue
from services.guest_care.models import Ticket
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import patient, walked_in


@pytest.mark.ledger("QU-013")
def test_desks_that_give_numbers_at_the_same_moment_give_each_once(own_database, smile, at):
    at("2026-12-07 09:00")
    doctors = ("011", "020", "014", "005")
    visits = [walked_in(patient(f"患者{number}"), doctor=doctor) for number, doctor in enumerate(doctors)]
    desks = [person(name) for name in ("bai.lan", "ren.tao", "yao.jing", "su.qi")]
    gives = [
        lambda by=by, visit=visit: queue.give_ticket(by=by, visit=visit)
        for by, visit in zip(desks, visits, strict=True)
    ]
    at_once(smile, *gives)
    assert sorted(Ticket.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
