"""Writing in the correction book. Nothing of a receipt changes without an entry that somebody else has signed (CA-019, CA-052)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, money, numbering, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.books.actions import business_day
from services.cashier import reissue
from services.cashier.models import Receipt
from services.cashier.taking import HandedOver, Taken, take
from services.corrections.machines import CORRECTION, UNSIGNED
from services.corrections.models import Correction
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

VERIFY, APPLY, ACKNOWLEDGE, ANSWER = (
    "corrections.verify", "corrections.apply", "corrections.acknowledge", "corrections.rejected",
)  # fmt: skip
ENGINE = Actor.system("corrections")
EDITOR_ROLES = {"supervisor": ("supervisor",), "higher_supervisor": ("higher_supervisor",)}


@action(permission="corrections.write")
def write_entry(
    *,
    by: Actor,
    site: Site,
    receipt: Receipt,
    kind: str,
    cause: str,
    wrong: str,
    right: str,
    patient: Patient | None = None,
    owed: Mapping[UUID, int] | None = None,
    payments: Sequence[HandedOver] = (),
) -> Correction:
    """The cashier who erred writes time, patient, cause, wrong and correct content, and signs (CA-018).

    What is to stand instead: another ``patient``, what stays ``owed`` on which line (line code → fen), or by which tenders
    it was paid (together exactly what was received). Nothing of the receipt changes yet.

    Raises RuleRefused (``not_your_receipt``, ``words_missing``, ``kind_unknown``, ``nothing_to_correct`` and what
    ``taking.take`` and ``reissue.refuse_irreplaceable`` raise), Conflict (``correction_open``, ``already_applied``),
    NotFound (``receipt_not_found``).
    """
    if receipt.site_id != site.pk:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    _refuse_second(receipt)
    if receipt.cashier != by.code:
        raise RuleRefused(
            "not_your_receipt",
            _("The entry is written and signed by the cashier who erred."),
            cures=[Cure(_("Ask %(name)s") % {"name": receipt.cashier_name})],
        )
    if kind not in Correction.Cause.values:
        raise RuleRefused("kind_unknown", _("Choose what was wrong."), fields={"kind": [_("Required")]})
    words = {"cause": cause.strip(), "wrong": wrong.strip(), "right": right.strip()}
    missing = [name for name, text in words.items() if not text]
    if missing:
        raise RuleRefused(
            "words_missing",
            _("Write the cause, the wrong content and the correct content."),
            fields={name: [_("Required")] for name in missing},
        )
    bill = reissue.parts_of(receipt, owed)
    taken = take(bill.due_fen, payments) if payments else reissue.taken_of(receipt)
    person = patient if patient is not None and patient.pk != receipt.patient_id else None
    before = _as_it_stands(receipt)
    change: dict[str, Any] = {}
    if person is not None:
        change["patient"] = str(person.code)
    if owed is not None:
        change["owed"] = {str(code): fen for code, fen in sorted(owed.items(), key=str) if fen}
    if payments:
        change["payments"] = [_plain(one) for one in taken]
    if not change or all(before[name] == value for name, value in change.items()):
        raise RuleRefused("nothing_to_correct", _("This is what stands on the receipt already."))
    reissue.refuse_irreplaceable(receipt, bill, taken, person)
    now = clock.now()
    year = f"{clock.local(now, site.timezone):%Y}"
    entry = Correction(
        number=f"K-{numbering.next_number('corrections.entry', entity=str(site.code), period=year)}",
        site=site,
        receipt=receipt,
        patient=receipt.patient,
        former=Correction.objects.filter(reissued=receipt).first(),
        kind=kind,
        change=change,
        before={name: before[name] for name in change},
        drafted_at=now,
        cashier=by.code,
        cashier_name=by.name,
        **words,
    )
    entry.content_hash = _hash(content_of(entry))
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        raise Conflict("correction_open", _("An entry about this receipt is open already.")) from error
    audit.record(
        by=by, verb="corrections.written", target=entry, site=site.code, receipt=receipt.code, hash=entry.content_hash
    )
    _task(by, entry, VERIFY, gettext_noop("Verify a correction: receipt %(receipt)s"), roles=("supervisor",))
    return entry


@action(permission="corrections.verify")
def verify(*, by: Actor, site: Site, entry: Correction, opinion: str = "") -> Correction:
    """The supervisor has compared it and signs (CA-019). Raises RuleRefused (``own_correction``), Conflict."""
    _at(entry, site)
    said = {"content": entry.content_hash, "opinion": opinion.strip(), "for": True}
    CORRECTION.move(entry, "signed", by=by, opinion=opinion, verified_hash=_hash(said))
    settle_task(by=by, kind=VERIFY, key=str(entry.code), result="signed")
    editor = parameters.value("correction_editor", site=site)
    _task(by, entry, APPLY, gettext_noop("Apply a correction: receipt %(receipt)s"), roles=EDITOR_ROLES[editor])
    return entry


@action(permission="corrections.verify")
def reject(*, by: Actor, site: Site, entry: Correction, opinion: str) -> Correction:
    """The supervisor rejects it, with the reason. Raises RuleRefused (``own_correction``, ``reason_missing``), Conflict."""
    _at(entry, site)
    said = {"content": entry.content_hash, "opinion": opinion.strip(), "for": False}
    CORRECTION.move(entry, "rejected", by=by, opinion=opinion, verified_hash=_hash(said))
    settle_task(by=by, kind=VERIFY, key=str(entry.code), result="rejected")
    _task(by, entry, ANSWER, gettext_noop("Correction rejected: receipt %(receipt)s"), roles=("cashier",), closed=True)
    return entry


@action(permission=None, reason="`correction_editor` says whose word it is, and the machine asks for it")
def apply(*, by: Actor, site: Site, entry: Correction) -> Receipt:
    """Change the data, once: the receipt is void and keeps its number, another one stands for it, and the books are turned
    round on the present business day, so closed days stay as they were (CA-020 to CA-022, CA-047).

    Raises Conflict (``already_applied``, ``receipt_void``, ``receipt_refunded``, ``receipt_settled_since``), Forbidden
    (``not_the_editor``, ``transition_forbidden``), RuleRefused (``own_correction``, ``not_verified``).
    """
    _at(entry, site)
    locked = Correction.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if locked.state in ("applied", "acknowledged", "ticked"):
        raise Conflict(
            "already_applied",
            _("This entry has been applied. What is wrong now needs a new entry that names it."),
            state=locked.state,
        )
    if locked.state == "drafted":
        raise RuleRefused(
            "not_verified",
            _("Nothing is changed before the supervisor has verified and signed it."),
            cures=[Cure(_("Ask the supervisor"), role="supervisor")],
        )
    receipt = Receipt.objects.select_related("site__entity", "patient", "slip__doctor").get(pk=entry.receipt_id)
    bill, taken, patient = _instead(receipt, entry.change)
    new = reissue.reissue(
        by=by, receipt=receipt, source=entry.code, number=entry.number, patient=patient, bill=bill, taken=taken
    )
    entry.refresh_from_db()
    entry.reissued = new
    entry.save(update_fields=["reissued"])
    CORRECTION.move(entry, "applied", by=by)
    settle_task(by=by, kind=APPLY, key=str(entry.code), result="applied")
    _task(
        by, entry, ACKNOWLEDGE, gettext_noop("Acknowledge a correction: receipt %(receipt)s"),
        roles=("higher_supervisor",),
    )  # fmt: skip
    day = business_day(site)
    outbox.emit(
        "corrections.applied",
        key=f"correction:{entry.code}",
        payload={"correction": str(entry.code), "site": str(site.code), "day": day.isoformat()},
    )
    return new


@action(permission="corrections.acknowledge")
def acknowledge(*, by: Actor, site: Site, entry: Correction) -> Correction:
    """The higher supervisor has read it; then it is ticked, and nothing of it changes any more (CA-020, CA-021).

    Raises RuleRefused (``own_correction``, ``same_person_twice``), Conflict (``invalid_transition``).
    """
    _at(entry, site)
    CORRECTION.move(entry, "acknowledged", by=by)
    CORRECTION.move(entry, "ticked", by=ENGINE)
    settle_task(by=by, kind=ACKNOWLEDGE, key=str(entry.code), result="acknowledged")
    return entry


def content_of(entry: Correction) -> dict[str, Any]:
    """What the cashier signs."""
    return {
        "number": entry.number,
        "at": entry.drafted_at.isoformat(),
        "receipt": entry.receipt.number,
        "patient": str(entry.patient.code),
        "kind": entry.kind,
        "cause": entry.cause,
        "wrong": entry.wrong,
        "right": entry.right,
        "change": entry.change,
        "before": entry.before,
    }


def _refuse_second(receipt: Receipt) -> None:
    known = Correction.objects.filter(receipt=receipt).exclude(state="rejected").select_related("reissued").first()
    if known is None:
        return
    if known.state in UNSIGNED:
        raise Conflict("correction_open", _("An entry about this receipt is open already."), number=known.number)
    raise Conflict(
        "already_applied",
        _("This receipt was corrected by %(number)s. Write a new entry about receipt %(receipt)s.")
        % {"number": known.number, "receipt": known.reissued.number if known.reissued else ""},
        number=known.number,
    )


def _instead(receipt: Receipt, change: Mapping[str, Any]) -> tuple[Any, list[Taken], Patient]:
    owed = {UUID(code): int(fen) for code, fen in change["owed"].items()} if "owed" in change else None
    taken = [Taken(**one) for one in change["payments"]] if "payments" in change else reissue.taken_of(receipt)
    patient = Patient.objects.get(code=change["patient"]) if "patient" in change else receipt.patient
    return reissue.parts_of(receipt, owed), taken, patient


def _as_it_stands(receipt: Receipt) -> dict[str, Any]:
    rows = receipt.lines.select_related("line")
    return {
        "patient": str(receipt.patient.code),
        "owed": {str(row.line.code): row.owed_fen for row in sorted(rows, key=lambda row: str(row.line.code)) if row.owed_fen},
        "payments": [_plain(one) for one in reissue.taken_of(receipt)],
    }  # fmt: skip


def _plain(one: Taken) -> dict[str, Any]:
    return {
        "tender": str(one.tender),
        "amount_fen": one.amount_fen,
        "tendered_fen": one.tendered_fen,
        "card_last_four": one.card_last_four,
        "reference": one.reference,
    }


def _hash(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _task(by: Actor, entry: Correction, kind: str, title: str, *, closed: bool = False, **who: Any) -> None:
    open_task(
        by=by,
        kind=kind,
        key=str(entry.code),
        room="corrections",
        title=title,
        detail=gettext_noop("%(number)s · %(amount)s yuan"),
        args={
            "number": entry.number,
            "receipt": entry.receipt.number,
            "amount": money.yuan(entry.receipt.received_fen, grouped=True),
        },
        subject=("patient", entry.patient.code),
        icon="cash",
        group="approval" if kind in (VERIFY, APPLY, ACKNOWLEDGE) else "due",
        due_at=clock.now(),
        site=entry.site,
        url=("corrections:entry", str(entry.code)),
        closed_in_inbox=closed,
        **who,
    )


def _at(entry: Correction, site: Site) -> None:
    if entry.site_id != site.pk:
        raise NotFound("correction_not_found", _("There is no such entry."))
