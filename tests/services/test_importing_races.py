"""Two people start the same import at the same moment, and two processes do its work."""

from __future__ import annotations

from datetime import date
from typing import Any

from kernel.errors import Conflict
from services.importing import actions
from services.importing.models import ImportBatch
from services.patients.models import Patient
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import clockwork
from tests.services.workbooks import ADMIN, GAO, states, uploaded


def test_an_import_that_two_start_at_once_is_written_once(own_database: Any, smile: Any, at: Any) -> None:
    at("2026-12-08 09:00")
    batch = uploaded(
        {"患者": [[f"A{n}", f"周{n}", "女", date(1980, 1, n), None, f"1390000000{n}"] for n in range(1, 5)]}
    )
    before = Patient.objects.count()

    def start(name: str) -> str:
        try:
            return actions.start(by=person(name), batch=ImportBatch.objects.get()).state
        except Conflict as refusal:
            return refusal.code

    assert sorted(at_once(smile, lambda: start(ADMIN), lambda: start(GAO))) == ["invalid_transition", "running"]
    at_once(smile, clockwork, clockwork)
    clockwork()
    assert states(batch) == ["imported"] * 4
    assert Patient.objects.count() == before + 4
