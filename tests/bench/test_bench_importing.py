"""A clinic of 5,000 patients moves in: upload, report and import, with what the import makes due."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from kernel.outbox import relay_pending
from kernel.timers import fire_due
from services.importing import actions
from services.importing.machines import AT_WORK
from services.importing.models import ImportBatch
from services.patients.models import Patient
from tests.bench.test_bench_patients import GIVEN, OTHERS, SURNAMES
from tests.harness.bench import Budget, sized
from tests.services.doors import person
from tests.services.workbooks import ADMIN, uploaded

ROWS = sized(5_000, 500)
BORN = date(1940, 1, 1)
PROMISED = 60


def _people() -> list[list[Any]]:
    """Patients as a former system writes them; names, years and families as in a town: a tenth share a phone."""
    dice = random.Random(7)
    surnames = [*SURNAMES, *OTHERS]
    weights = [*SURNAMES.values(), *[(100 - sum(SURNAMES.values())) / len(OTHERS)] * len(OTHERS)]
    rows = []
    for number, surname in enumerate(dice.choices(surnames, weights=weights, k=ROWS)):
        name = surname + "".join(dice.choices(GIVEN, k=dice.choice((1, 2, 2, 2))))
        born = BORN + timedelta(days=dice.randrange(30_000))
        phone = f"139{number - (number % 10 == 9):08d}"
        rows.append([f"A{number:05d}", name, dice.choice("男女"), born, None, phone, None, "青霉素过敏"])
    return rows


def _work_off(batch: ImportBatch) -> None:
    """What the worker does until nothing is due any more."""
    while fire_due(100).fired + relay_pending(100).delivered:
        pass
    batch.refresh_from_db()
    assert batch.state not in AT_WORK


@pytest.mark.bench
def test_five_thousand_patients_move_in(own_database: str, smile: Any, at: Any, budget: Budget) -> None:
    at("2026-12-08 09:00")
    took: dict[str, tuple[float, float]] = {}

    def timed(what: str, work: Callable[[], Any]) -> Any:
        computed, passed = time.process_time(), time.perf_counter()
        found = work()
        took[what] = time.process_time() - computed, time.perf_counter() - passed
        return found

    workbook_rows = {"患者": _people()}
    before = Patient.objects.count()
    batch = timed("upload", lambda: uploaded(workbook_rows))
    timed("report", lambda: _work_off(batch))
    actions.decide_all(by=person(ADMIN), batch=batch, decision="create")
    actions.start(by=person(ADMIN), batch=batch)
    timed("import", lambda: _work_off(batch))
    while (late := batch.rows.filter(state="double")).exists():
        # People of one name and year in the file itself: known as doubles once the first of them has a file.
        print(f"{late.count()} doubles within the file")
        actions.decide_all(by=person(ADMIN), batch=batch, decision="create")
        actions.start(by=person(ADMIN), batch=batch)
        _work_off(batch)

    assert Patient.objects.count() == before + ROWS
    for what, (computed, passed) in took.items():
        note = f"{ROWS:,} patients; {passed:.0f} s passed, the database's share included"
        budget.figure(f"moving in, {what}: processor", computed, promised=None, unit="s", note=note)
    background = [took[what] for what in ("report", "import")]
    budget.figure(
        "moving in, background: passed", sum(passed for _computed, passed in background), promised=PROMISED, unit="s",
        note=f"processor {sum(computed for computed, _passed in background):.1f} s",
    )  # fmt: skip
