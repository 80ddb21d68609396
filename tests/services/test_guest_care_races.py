"""Two desks at the queue at the same moment (QU-013)."""

from __future__ import annotations

import pytest

from services.guest_care import queue
from services.guest_care.models import Ticket
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import patient, walked_in


@pytest.mark.ledger("QU-013")
def test_two_desks_give_two_numbers_at_the_same_moment(own_database, smile, at):
    at("2026-12-07 09:00")
    visits = [walked_in(patient("阮欣")), walked_in(patient("田原"), doctor="020")]
    at_once(
        smile,
        lambda: queue.give_ticket(by=person("bai.lan"), visit=visits[0]),
        lambda: queue.give_ticket(by=person("ren.tao"), visit=visits[1]),
    )
    assert sorted(Ticket.objects.values_list("number", flat=True)) == [1, 2]
