"""Uploading a workbook, deciding about likely doubles, starting, taking back, giving up, forgetting.

What takes long is done in portions by the timer ``importing.work``: a portion and its marks are one transaction, so that
whatever is killed, each row is written exactly once.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from uuid import UUID

from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, DomainError, RuleRefused
from kernel.files.workbooks import check_workbook
from services.importing import checking, faults
from services.importing.cells import CellFault
from services.importing.kinds import kind_of, kinds
from services.importing.machines import AT_WORK, BATCH
from services.importing.models import ImportBatch, ImportedRow
from services.importing.workbooks import read_workbook
from services.sites.locking import lock_version
from services.sites.models import Site

WORK = "importing.work"
# Up to here the answer to an upload is the report itself.
AT_ONCE = 200
PORTION = 50
State = ImportedRow.State
Decision = ImportedRow.Decision


@action(permission="importing.run")
def upload(*, by: Actor, site: Site, content: bytes, name: str) -> ImportBatch:
    """Read a workbook for ``site`` and check it row by row; nothing but its rows is written, and those sealed. The file
    itself is not kept.

    Up to ``AT_ONCE`` rows are checked at once, more of them in the background. Raises RuleRefused (``file_too_large``,
    ``workbook_type_refused``, ``workbook_macros_refused``, ``workbook_too_large``, ``sheets_unknown``,
    ``columns_missing``, ``rows_missing``, ``too_many_rows``, ``too_many_merged``).
    """
    now = clock.now()
    check_workbook(content)
    contents = read_workbook(content, kinds(), most=parameters.value("import_most_rows"))
    batch = ImportBatch.objects.create(
        site=site,
        name=_name(name),
        sha256=hashlib.sha256(content).hexdigest(),
        total=len(contents.rows),
        ignored=contents.ignored[:50],
        uploaded_at=now,
        uploaded_by_id=by.user_id,
        uploaded_by_name=by.name,
    )
    rows = [
        ImportedRow(
            batch=batch,
            kind=one.kind.key,
            order=one.kind.order,
            number=one.number,
            data=json.dumps(one.cells, ensure_ascii=False),
            marks=one.marks,
        )
        for one in contents.rows
    ]
    for row in rows:
        checking.mark(row)
    ImportedRow.objects.bulk_create(rows, batch_size=500)
    audit.record(by=by, verb="importing.uploaded", target=batch, site=site.code, rows=len(rows), sha256=batch.sha256)
    if len(rows) <= AT_ONCE:
        check_portion(by=checking.BY, batch=batch, most=AT_ONCE)
    else:
        timers.schedule(WORK, str(batch.code), now)
    return batch


def _name(given: str) -> str:
    """What people called the file, without folders and whatever is no letter to be shown."""
    plain = "".join(letter for letter in given.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return plain.strip()[-120:] or "import.xlsx"


@action(permission="importing.run")
def check_portion(*, by: Actor, batch: ImportBatch, most: int) -> None:
    """Check the next rows of a file; after the last one the report is ready."""
    rows = list(batch.rows.filter(state=State.STAGED)[:most])
    checking.judge(rows, checking.ImportDesk(batch))
    plain: dict[str, list[int]] = {}
    for row in rows:
        if row.faults or row.candidates:
            row.save(update_fields=["state", "faults", "candidates"])
        else:
            plain.setdefault(row.state, []).append(row.pk)
    for state, keys in plain.items():
        ImportedRow.objects.filter(pk__in=keys).update(state=state)
    if not batch.rows.filter(state=State.STAGED).exists():
        BATCH.move(batch, "checked", by=by)


@action(permission="importing.run")
def decide(*, by: Actor, row: ImportedRow, decision: str, candidate: UUID | None = None) -> ImportedRow:
    """Say what a likely double is: left out, the one that exists (``candidate``), or somebody else who is imported.

    Raises RuleRefused (``decision_unknown``, ``candidate_unknown``), Conflict (``row_not_double``).
    """
    row = ImportedRow.objects.select_for_update(of=("self",)).select_related("batch__site").get(pk=row.pk)
    if row.state != State.DOUBLE and not (row.candidates and row.state in (State.READY, State.SKIPPED)):
        raise Conflict("row_not_double", _("There is nothing to decide about this row."))
    if row.batch.state not in ("checked", "done"):
        raise Conflict("batch_busy", _("Wait until the work on this file is done."))
    if decision not in Decision.values:
        sentence = _("Choose what to do with this row.")
        raise RuleRefused("decision_unknown", sentence, fields={"decision": [sentence]})
    known = [UUID(one["code"]) for one in row.candidates]
    if decision == Decision.ATTACH:
        candidate = candidate or (known[0] if len(known) == 1 else None)
        if candidate not in known:
            sentence = _("Choose which of the existing ones it is.")
            raise RuleRefused("candidate_unknown", sentence, fields={"candidate": [sentence]})
    row.decision = decision
    row.chosen = candidate if decision == Decision.ATTACH else None
    row.state = State.SKIPPED if decision == Decision.SKIP else State.READY
    row.save(update_fields=["decision", "chosen", "state"])
    audit.record(by=by, verb="importing.decided", target=row.batch, site=row.batch.site.code, row=row.code,
                 decision=decision)  # fmt: skip
    return row


@action(permission="importing.run")
def decide_all(*, by: Actor, batch: ImportBatch, decision: str) -> int:
    """The same answer for every likely double that is still open; joins only where one candidate stands. How many.

    Raises what ``decide`` raises.
    """
    done = 0
    for row in batch.rows.filter(state=State.DOUBLE):
        if decision == Decision.ATTACH and len(row.candidates) != 1:
            continue
        decide(by=by, row=row, decision=decision)
        done += 1
    return done


@action(permission="importing.run", sensitive=True)
def start(*, by: Actor, batch: ImportBatch, version: int | None = None) -> ImportBatch:
    """Write the rows that are ready, in the background. What is faulty or undecided stays out.

    Raises StaleVersion, Conflict (``invalid_transition``, ``nothing_to_import``).
    """
    batch = lock_version(batch, version)
    BATCH.move(batch, "running", by=by)
    timers.schedule(WORK, str(batch.code), clock.now())
    return batch


@action(permission="importing.run")
def write_portion(*, by: Actor, batch: ImportBatch, most: int) -> None:
    """Write the next rows that are ready with the actions of their rooms; after the last one the import is done."""
    desk = checking.ImportDesk(batch)
    rows = list(batch.rows.filter(state=State.READY)[:most])
    written = _write_together(rows, desk)
    for row in rows:
        if row.pk in written:
            continue
        try:
            with transaction.atomic():
                _write(row, desk)
        except CellFault as fault:
            row.state, row.faults = State.REFUSED, faults.sealed([faults.of_cell(fault)])
        except DomainError as error:
            refusal = faults.of_refusal(error.code, str(error.message), dict(error.fields or {}))
            row.state, row.faults = State.REFUSED, faults.sealed([refusal])
        except (DataError, IntegrityError):
            row.state, row.faults = State.REFUSED, faults.sealed([faults.of_cell(CellFault("row_not_possible"))])
        row.save(update_fields=["state", "faults", "candidates", "decision", "target", "also"])
    if not batch.rows.filter(state=State.READY).exists():
        BATCH.move(batch, "done", by=by)


def _write_together(rows: list[ImportedRow], desk: checking.ImportDesk) -> set[int]:
    """Write those rows in one go whose room can do so and that nothing stands against; the keys of what is written then.
    What somebody decided about, and all rows of a kind of which one is refused, are left to be written by themselves."""
    done: set[int] = set()
    for kind in kinds():
        same = [row for row in rows if row.kind == kind.key and not row.decision]
        if kind.write_all is None or len(same) < 2:
            continue
        try:
            with transaction.atomic():
                # Judged again: between the report and now the desk has gone on working.
                reads = zip(same, checking.judge(same, desk), strict=True)
                ready = [(row, read) for row, read in reads if row.state == State.READY]
                result = kind.write_all([read.values for _row, read in ready], desk)
                stand = [(row, one) for (row, _read), one in zip(ready, result, strict=True) if one is not None]
                for row, one in stand:
                    row.state, row.target, row.also = State.IMPORTED, one.code, list(one.also)
                ImportedRow.objects.bulk_update([row for row, _one in stand], ["state", "target", "also"])
        except (CellFault, DomainError, DataError, IntegrityError):
            # Which one it is shows when each is written by itself.
            for row in same:
                row.target, row.also = None, []
        else:
            done |= {row.pk for row, _one in stand}
    return done


def _write(row: ImportedRow, desk: checking.ImportDesk) -> None:
    """Write one row, or find that it is one already. The marks are saved with it, so that the database keeps it once."""
    decision, chosen = row.decision, row.chosen
    # Judged again: between the report and now the desk has gone on working.
    [read] = checking.judge([row], desk)
    if row.state == State.DOUBLE and decision == Decision.ATTACH and chosen is not None:
        row.state, row.target = State.ATTACHED, chosen
    elif row.state == State.READY or (row.state == State.DOUBLE and decision == Decision.CREATE):
        assert read.kind is not None
        written = read.kind.write(read.values, desk)
        row.state, row.target, row.also = State.IMPORTED, written.code, list(written.also)
    elif row.state == State.FAULTY:
        row.state = State.REFUSED
    row.save(update_fields=["state", "target", "also"])


@action(permission="importing.undo", sensitive=True)
def undo(*, by: Actor, batch: ImportBatch, version: int | None = None) -> ImportBatch:
    """Take back what an import wrote, in the background; what somebody has worked with since stays.

    Raises StaleVersion, Conflict (``invalid_transition``, ``nothing_to_undo``), RuleRefused (``undo_too_late``).
    """
    batch = lock_version(batch, version)
    if batch.state in ("done", "undone") and not batch.rows.filter(state__in=ImportedRow.LIVE).exists():
        raise Conflict("nothing_to_undo", _("Nothing of this file stands in the system any more."))
    days = parameters.value("import_undo_days")
    if batch.finished_at is not None and clock.now() > batch.finished_at + timedelta(days=days):
        raise RuleRefused(
            "undo_too_late",
            _("An import is taken back within %(days)s days. Correct single rows where they stand.") % {"days": days},
        )
    # What stayed at an earlier try is tried again: it may be untouched by now.
    batch.rows.filter(state=State.STAYS).update(state=State.IMPORTED)
    BATCH.move(batch, "undoing", by=by)
    timers.schedule(WORK, str(batch.code), clock.now())
    return batch


@action(permission="importing.undo")
def undo_portion(*, by: Actor, batch: ImportBatch, most: int) -> None:
    """Take the next rows back, the last written first; after the first one the import is taken back."""
    for row in batch.rows.filter(state__in=(State.IMPORTED, State.ATTACHED)).order_by("-order", "-number")[:most]:
        kind = kind_of(row.kind)
        try:
            with transaction.atomic():
                if kind is None:
                    raise CellFault("room_is_off")
                if row.state == State.IMPORTED and row.target is not None:
                    kind.undo(by, row.target)
            row.state, row.faults = State.UNDONE, ""
        except CellFault as fault:
            row.state, row.faults = State.STAYS, faults.sealed([faults.of_cell(fault)])
        except DomainError as error:
            refusal = faults.of_refusal(error.code, str(error.message), {})
            row.state, row.faults = State.STAYS, faults.sealed([refusal])
        row.save(update_fields=["state", "faults"])
    if not batch.rows.filter(state__in=(State.IMPORTED, State.ATTACHED)).exists():
        BATCH.move(batch, "undone", by=by)


@action(permission="importing.run")
def give_up(*, by: Actor, batch: ImportBatch, version: int | None = None) -> ImportBatch:
    """Give a file up that was not imported; its contents are deleted at once.

    Raises StaleVersion, Conflict (``invalid_transition``).
    """
    batch = lock_version(batch, version)
    BATCH.move(batch, "discarded", by=by)
    timers.cancel(WORK, str(batch.code))
    _forget(batch)
    return batch


@action(permission="importing.run")
def forget_old(*, by: Actor) -> int:
    """Delete the contents of rows that are older than ``import_keep_days``; how many imports. What the rows became,
    and the marks by which a later file adds nothing, stay."""
    before = clock.now() - timedelta(days=parameters.value("import_keep_days"))
    old = ImportBatch.objects.select_for_update(of=("self",)).filter(uploaded_at__lt=before, forgotten_at__isnull=True)
    batches = list(old.exclude(Q(state__in=AT_WORK)))
    for batch in batches:
        _forget(batch)
        audit.record(by=by, verb="importing.forgotten", target=batch)
    return len(batches)


def _forget(batch: ImportBatch) -> None:
    batch.forgotten_at = clock.now()
    batch.bump(["forgotten_at"])
    batch.rows.update(data="", faults="", candidates=[])
    if batch.state == "checked":
        BATCH.move(batch, "discarded", by=checking.BY)


def work(batch: ImportBatch) -> None:
    """One portion of whatever is to be done with ``batch``; the timer for the next one is set with it."""
    portion = {"reading": check_portion, "running": write_portion, "undoing": undo_portion}.get(batch.state)
    if portion is None:
        return
    portion(by=checking.BY, batch=batch, most=PORTION)
    if batch.state in AT_WORK:
        timers.schedule(WORK, str(batch.code), clock.now())
