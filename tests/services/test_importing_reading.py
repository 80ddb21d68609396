"""What a workbook shows and what it holds: read as meant, or named; and what the rows became counts from the first day."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from dental.classes import propose_for_tooth
from dental.models import ToothTreatment
from kernel.audit.models import AuditEntry
from kernel.errors import RuleRefused
from services.catalogue.models import Item
from services.importing import actions, faults, writing
from services.importing.kinds import kinds
from services.importing.models import ImportBatch
from services.patients.actions import update_patient
from services.patients.models import Patient
from services.records.models import Treatment
from services.tasks.models import Task
from tests.services.doors import browser, person
from tests.services.flow import center, clockwork
from tests.services.workbooks import ADMIN, GAO, HEADS, row, states, uploaded, workbook

ONE = ["A1", "周一", "女", date(1980, 1, 2), None, "13900000001"]
TWO = ["A2", "周二", "男", date(1980, 1, 3), None, "13900000002"]


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 09:00")
    return at


def changed(change: Callable[[Any], None], *rows: list[Any]) -> ImportBatch:
    """An upload of these patients after ``change`` was made to their sheet."""
    book = load_workbook(io.BytesIO(workbook({"患者": rows or (ONE, TWO)})))
    change(book["患者"])
    out = io.BytesIO()
    book.save(out)
    return actions.upload(by=person(ADMIN), site=center(), content=out.getvalue(), name="a.xlsx")


def codes(batch: ImportBatch, number: int = 2) -> list[tuple[str, str]]:
    return [(fault["column"], fault["code"]) for fault in faults.opened(row(batch, number).faults)]


def run(batch: ImportBatch) -> ImportBatch:
    actions.start(by=person(ADMIN), batch=batch)
    clockwork()
    batch.refresh_from_db()
    assert batch.state == "done"
    return batch


def test_what_a_cell_does_not_truly_hold_is_a_fault_of_that_cell() -> None:
    def spoil(sheet: Any) -> None:
        sheet["A2"] = 110101198003070123
        sheet["B2"] = "=A9&A8"
        sheet["D2"], sheet["D2"].data_type = "#N/A", "e"
        sheet.merge_cells("F2:F3")

    batch = changed(spoil)
    assert sorted(codes(batch)) == [
        ("birth_date", "error_value"), ("name", "formula_without_result"), ("number", "number_rounded"),
        ("phone", "cell_merged"),
    ]  # fmt: skip
    assert codes(batch, 3) == [("phone", "cell_merged")]
    assert "15" in faults.said({"code": "number_rounded"})


def test_nothing_hidden_comes_in_unseen() -> None:
    def hide_row(sheet: Any) -> None:
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["E"].hidden = True

    batch = changed(hide_row)
    assert codes(batch) == [("", "row_hidden")]
    assert states(batch) == ["faulty", "ready"]
    assert any("年龄" in name for name in batch.ignored)

    def merge_all(sheet: Any) -> None:
        for line in range(2, 210):
            sheet.merge_cells(f"J{line}:K{line}")

    with pytest.raises(RuleRefused) as refusal:
        changed(merge_all)
    assert refusal.value.code == "too_many_merged"


def test_every_template_is_read_back_in_every_language() -> None:
    for language in ("zh-hans", "zh-hant", "en"):
        content = writing.template(kinds(), language)
        book = load_workbook(io.BytesIO(content))
        assert len(book.sheetnames) == len(kinds()) + 1
        for kind, sheet in zip(kinds(), book.worksheets, strict=False):
            heads = [str(cell.value).rstrip("*") for cell in sheet[1]]
            assert (sheet.title in kind.names, len(heads)) == (True, len(kind.columns))
            assert all(head in column.names for head, column in zip(heads, kind.columns, strict=True))
        with pytest.raises(RuleRefused) as refusal:  # the examples alone are no rows
            actions.upload(by=person(ADMIN), site=center(), content=content, name="a.xlsx")
        assert refusal.value.code == "rows_missing"
    assert set(HEADS) <= {kind.zh for kind in kinds()}
    one = load_workbook(io.BytesIO(browser(GAO).get("/importing/template/?kind=families&language=zh-hant").content))
    assert one.sheetnames[0] == "家屬"
    assert len(one.sheetnames) == 2


def test_traditional_headings_and_words_are_understood() -> None:
    heads = {
        "患者": ("舊病歷號*", "姓名*", "性別*", "出生日期", "年齡", "手機號", "無電話原因"),
        "家屬": ("患者病歷號*", "關係*", "家屬姓名", "付款人"),
    }
    content = workbook(
        {"患者": [["A1", "周一", "女", None, "40歲", None, "沒有電話"]], "家屬": [["A1", "母親", "周母", "是"]]}, heads
    )
    batch = run(actions.upload(by=person(ADMIN), site=center(), content=content, name="a.xlsx"))
    assert (states(batch), batch.ignored) == (["imported", "imported"], [])


@pytest.mark.ledger("DE-002", "DE-003")
def test_guarantee_and_class_of_visit_are_right_on_the_first_day() -> None:
    """A tooth that the former system knew counts from its own day, not from the day of the import."""
    tasks = Task.objects.count()
    batch = run(uploaded({"患者": [ONE, TWO], "治疗牙位": [
        ["A1", "2026-03-18", "011", "dental-filling", 36, "MO", None],
        ["A2", "2025-10-01", "011", "dental-filling", 36, "", "2029-10-01"],
    ]}))  # fmt: skip
    assert states(batch) == ["imported"] * 4
    first, second = Patient.objects.get(name="周一"), Patient.objects.get(name="周二")
    today = date(2026, 12, 8)
    filling = Item.objects.get(key="dental-filling")

    def proposed(who: Patient, tooth: int) -> tuple[str, str]:
        found = propose_for_tooth(who, today, tooth=tooth, item=filling)
        return found.visit_class, found.because

    assert proposed(first, 46) == ("return", "within_year")
    assert proposed(second, 46) == ("first", "other_after_year")
    assert proposed(second, 36) == ("return", "same_tooth_item")
    rows = ToothTreatment.objects.order_by("performed_on")
    assert [one.performed_on for one in rows] == [date(2025, 10, 1), date(2026, 3, 18)]
    assert rows[0].warranty_until == date(2029, 10, 1)
    assert (rows[1].warranty_until.month, rows[1].warranty_until.day) == (3, 18)
    assert Task.objects.count() == tasks  # nobody is called about it

    actions.undo(by=person(ADMIN), batch=batch)
    clockwork()
    assert states(batch) == ["undone"] * 4
    assert not Treatment.objects.filter(voided_at__isnull=True, patient__in=[first, second]).exists()
    assert propose_for_tooth(first, today, tooth=46, item=filling).because == "never_treated"


def test_what_blocks_taking_back_is_named_and_the_rest_goes() -> None:
    batch = run(uploaded({"患者": [ONE, TWO]}))
    update_patient(by=person("bai.lan"), patient=Patient.objects.get(name="周一"), occupation="教师")
    actions.undo(by=person(ADMIN), batch=batch)
    clockwork()
    assert states(batch) == ["stays", "undone"]
    [fault] = faults.opened(row(batch, 2).faults)
    assert fault["code"] == "worked_with_since"
    assert "(" in faults.said(fault) or "（" in faults.said(fault)


def test_asking_again_and_again_shows_no_rows_and_logs_no_reading() -> None:
    batch = uploaded({"患者": [ONE, [*TWO[:2], "?", *TWO[3:]]]})
    desk, here = browser(GAO), f"/importing/{batch.code}/"

    def read() -> int:
        return AuditEntry.objects.filter(verb="read").count()

    before = read()
    assert "周二" in desk.get(here).content.decode()
    assert read() == before + 1
    polled = desk.get(here, headers={"X-Poll": "1"}).content.decode()
    assert "周二" not in polled
    assert read() == before + 1
