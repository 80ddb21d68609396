"""Workbooks for the tests of importing, and an import from file to end."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from services.importing import actions
from services.importing.models import ImportBatch, ImportedRow
from tests.services.doors import person
from tests.services.flow import center

ADMIN, GAO = "admin.smile", "gao.wen"
PATIENTS = ("旧病历号*", "姓名*", "性别*", "出生日期", "年龄", "手机号", "无电话原因", "特别提醒")
FAMILIES = ("患者病历号*", "关系*", "家属病历号", "付款人")
BOOKINGS = ("患者病历号*", "日期*", "时间*", "医生*", "时长", "项目")
TEETH = ("患者病历号*", "治疗日期*", "医生*", "项目*", "牙位*", "牙面", "质保至")
HEADS = {"患者": PATIENTS, "家属": FAMILIES, "未来预约": BOOKINGS, "治疗牙位": TEETH}


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], heads: Mapping[str, Sequence[str]] = HEADS) -> bytes:
    """An xlsx with these sheets and rows below their headings."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in (heads.get(title, ()), *rows):
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def uploaded(sheets: Mapping[str, Sequence[Sequence[Any]]], by: str = ADMIN) -> ImportBatch:
    """An upload for the center, checked as far as that happens at once."""
    return actions.upload(by=person(by), site=center(), content=workbook(sheets), name="搬入.xlsx")


def states(batch: ImportBatch) -> list[str]:
    """The states of the rows in the order of the file."""
    return list(batch.rows.order_by("order", "number").values_list("state", flat=True))


def row(batch: ImportBatch, number: int, kind: str = "patients") -> ImportedRow:
    """One row by its number in the sheet."""
    return batch.rows.get(kind=kind, number=number)
