"""Reading imports: what a person may see, how far a file is, what its rows became."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, parameters
from kernel.context import Actor
from kernel.errors import NotFound
from services.importing import faults
from services.importing.kinds import SheetKind, in_language, kinds
from services.importing.models import ImportBatch, ImportedRow

VIEW = "importing.view"
# What a list of rows may be narrowed to.
GROUPS: dict[str, tuple[str, ...]] = {
    "ready": ("staged", "ready"),
    "double": ("double",),
    "faulty": ("faulty", "refused"),
    "imported": ("imported", "attached"),
    "left_out": ("known", "skipped"),
    "undone": ("undone",),
    "stays": ("stays",),
}


def batches_for(actor: Actor, word: str = VIEW) -> QuerySet[ImportBatch]:
    """The imports of the sites where ``actor`` may see them, with their counts, the latest first."""
    rows = access.accessible(ImportBatch.objects.select_related("site"), actor, word)
    counts = {key: Count("rows", filter=Q(rows__state__in=states)) for key, states in GROUPS.items()}
    return rows.annotate(**{f"{key}_count": count for key, count in counts.items()}).order_by("-uploaded_at", "-id")


def access_batch(actor: Actor, code: UUID, word: str = VIEW) -> ImportBatch:
    """One import of a site where ``actor`` holds ``word``. Raises NotFound (``import_not_found``)."""
    found = batches_for(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("import_not_found", _("There is no such import."))
    return found


def access_row(actor: Actor, code: UUID, word: str = VIEW) -> ImportedRow:
    """One row of an import. Raises NotFound (``import_row_not_found``)."""
    rows = access.accessible(ImportedRow.objects.select_related("batch__site"), actor, word, field="batch__site")
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("import_row_not_found", _("There is no such row."))
    return found


def rows_of(batch: ImportBatch, *, show: str = "", kind: str = "") -> QuerySet[ImportedRow]:
    """The rows of an import in the order of the file: all, or those of a group and of one sheet."""
    rows = batch.rows.all()
    if show in GROUPS:
        rows = rows.filter(state__in=GROUPS[show])
    if kind:
        rows = rows.filter(kind=kind)
    return rows.order_by("order", "kind", "number")


@dataclass(frozen=True, slots=True)
class SheetCounts:
    """How the rows of one sheet stand: their number, and how many in each group of ``GROUPS``."""

    key: str
    name: str
    total: int
    groups: dict[str, int]


def sheets_of(batch: ImportBatch) -> list[SheetCounts]:
    """The sheets of an import in the order of the file, in one query; a group is counted by its own key."""
    known = {kind.key: kind for kind in kinds()}
    group_of = {state: key for key, states in GROUPS.items() for state in states}
    found: dict[str, dict[str, int]] = {}
    rows = batch.rows.order_by("order", "kind").values_list("order", "kind", "state").annotate(count=Count("id"))
    for _order, kind, state, count in rows:
        counts = found.setdefault(kind, dict.fromkeys(GROUPS, 0))
        counts[group_of[state]] += count
    return [
        SheetCounts(key, sheet_of(known.get(key), key), sum(counts.values()), counts) for key, counts in found.items()
    ]


def twin_of(batch: ImportBatch) -> ImportBatch | None:
    """An earlier import of the very same file at this site, if there is one."""
    rows = ImportBatch.objects.filter(sha256=batch.sha256, site=batch.site, uploaded_at__lt=batch.uploaded_at)
    return rows.exclude(state="discarded").order_by("-uploaded_at").first()


def undo_until(batch: ImportBatch) -> datetime | None:
    """Until when an import may be taken back; None before it was finished."""
    if batch.finished_at is None:
        return None
    return batch.finished_at + timedelta(days=parameters.value("import_undo_days"))


def brought(codes: Iterable[UUID]) -> set[UUID]:
    """Those of ``codes`` that an import wrote and took back, with what was written along with them: nobody's work."""
    rows = ImportedRow.objects.filter(state=ImportedRow.State.UNDONE).filter(
        Q(target__in=(wanted := list(codes))) | Q(also__overlap=wanted)
    )
    found: set[UUID] = set()
    for target, also in rows.values_list("target", "also"):
        found |= {one for one in (target, *also) if one is not None}
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as a report tells of it: sheet, what identifies it to a reader, and each fault beside its column and cell."""

    row: ImportedRow
    sheet: str
    title: str
    faults: list[tuple[str, str, str]]


def shown(rows: Iterable[ImportedRow]) -> list[Shown]:
    """``rows`` for people, in the reader's language; what was forgotten shows no cells."""
    known = {kind.key: kind for kind in kinds()}
    found = []
    for row in rows:
        kind = known.get(row.kind)
        cells: dict[str, str] = json.loads(row.data) if row.data else {}
        wrong = []
        for fault in faults.opened(row.faults):
            column = kind.column(fault["column"]) if kind is not None else None
            heading = in_language(column) if column is not None else ""
            wrong.append((heading, cells.get(fault["column"], ""), faults.said(fault)))
        found.append(Shown(row, sheet_of(kind, row.kind), _title(kind, cells), wrong))
    return found


def sheet_of(kind: SheetKind | None, key: str) -> str:
    """The name of a sheet in the reader's language."""
    return key if kind is None else in_language(kind)


def _title(kind: SheetKind | None, cells: dict[str, str]) -> str:
    """The first cells of a row: enough to find it in the file."""
    if kind is None:
        return ""
    return " · ".join([cells[column.key] for column in kind.columns if cells.get(column.key)][:2])
