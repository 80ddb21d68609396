"""Writing, sealing and verifying the audit.

Why seals: chaining each entry to the one before would make every write of a tenant wait for every other, because the
predecessor is only known once it is committed. Instead each entry carries its own digest, and every few seconds a seal
chains all entries whose transactions have ended. ``pg_snapshot_xmin`` tells below which transaction id nothing is in
flight any more, so a seal can never miss a late committer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from kernel import clock, context
from kernel.audit.models import AuditEntry, AuditSeal
from kernel.context import Actor

SEALED_AT_ONCE = 5_000


def record(
    *, by: Actor, verb: str, target: Model | None, site: UUID | None = None, purpose: str = "", **data: Any
) -> AuditEntry:
    """Append one entry in the running transaction.

    ``verb`` is "room.acted" in the past tense; ``data`` holds codes, field names and figures, never names, phones or
    free text about a person.
    """
    entry = _entry(by, verb, target, site, purpose, data)
    entry.save(force_insert=True)
    return entry


def record_many(
    *, by: Actor, verb: str, acts: Sequence[tuple[Model, Mapping[str, Any]]], site: UUID | None = None
) -> None:
    """Append one entry for each of ``acts``, a target with its data as in ``record``, in one statement."""
    AuditEntry.objects.bulk_create([_entry(by, verb, target, site, "", data) for target, data in acts])


def _entry(
    by: Actor, verb: str, target: Model | None, site: UUID | None, purpose: str, data: Mapping[str, Any]
) -> AuditEntry:
    entry = AuditEntry(
        at=clock.now(),
        verb=verb,
        actor_kind=by.kind,
        actor_code=by.code,
        actor_name=by.username or by.name,
        target_type=target._meta.label_lower if target is not None else "",
        target_code=getattr(target, "code", None),
        site_code=site,
        purpose=purpose,
        request_id=context.request_id(),
        data=json.loads(json.dumps(data, default=str)),
    )
    entry.transaction_id = _transaction_id()
    entry.digest = digest_of(entry)
    return entry


class _Numbered:
    """Keeps the running transaction's number until it ends, as something to do after the commit that does nothing."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.__qualname__ = "kernel.audit.trail.transaction_id"

    def __call__(self) -> None:
        """The number has served."""


def _transaction_id() -> int:
    """The number of the running transaction, asked for once: most of them write several entries."""
    for entry in connection.run_on_commit:
        if isinstance(entry[1], _Numbered):
            return entry[1].number
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        number = int(cursor.fetchone()[0])
    if connection.in_atomic_block:
        transaction.on_commit(_Numbered(number), robust=True)
    return number


def record_read(*, by: Actor, target: Model, purpose: str, **data: Any) -> AuditEntry:
    """Append that a record was read, and for what (CR-006)."""
    return record(by=by, verb="read", target=target, purpose=purpose, **data)


def digest_of(entry: AuditEntry) -> str:
    """The SHA-256 of everything an entry says."""
    said = [
        str(entry.code), entry.at.isoformat(), entry.verb, entry.actor_kind, str(entry.actor_code), entry.actor_name,
        entry.target_type, str(entry.target_code), str(entry.site_code), entry.purpose, entry.request_id,
        entry.data, entry.transaction_id,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def seal() -> AuditSeal | None:
    """Chain every ended transaction that is not sealed yet; None when there is nothing to seal.

    Two sealers at once are harmless: the unique number makes the second one lose, and it has nothing left to seal.
    """
    try:
        return _seal()
    except IntegrityError:
        return None


def _seal() -> AuditSeal | None:
    with transaction.atomic(), connection.cursor() as cursor:
        last = AuditSeal.objects.order_by("-number").first()
        start = last.to_transaction if last else 0
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon = cursor.fetchone()[0]
        entries = AuditEntry.objects.filter(transaction_id__gte=start, transaction_id__lt=horizon)
        if not entries.exists():
            return None
        count, digest = _digest_of_entries(start, horizon)
        link = AuditSeal(
            number=(last.number + 1) if last else 1,
            at=clock.now(),
            from_transaction=start,
            to_transaction=horizon,
            entries=count,
            entries_digest=digest,
            previous=last.digest if last else "",
        )
        link.digest = _digest_of_seal(link)
        link.save(force_insert=True)
        return link


def _digest_of_entries(start: int, end: int) -> tuple[int, str]:
    whole, count = hashlib.sha256(), 0
    rows = AuditEntry.objects.filter(transaction_id__gte=start, transaction_id__lt=end).order_by("transaction_id", "id")
    for digest in rows.values_list("digest", flat=True).iterator(chunk_size=SEALED_AT_ONCE):
        whole.update(digest.encode())
        count += 1
    return count, whole.hexdigest()


def _digest_of_seal(link: AuditSeal) -> str:
    said = [
        link.number,
        link.at.isoformat(),
        link.from_transaction,
        link.to_transaction,
        link.entries,
        link.entries_digest,
        link.previous,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of walking the chain. ``problems`` names each broken link or entry."""

    seals: int
    entries: int
    unsealed: int
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.problems


def verify() -> Verification:
    """Walk the whole chain of the current tenant and recompute every digest."""
    problems: list[str] = []
    previous, position, seals = "", 0, 0
    for link in AuditSeal.objects.order_by("number").iterator():
        seals += 1
        if link.number != seals or link.previous != previous or link.from_transaction != position:
            problems.append(f"seal {link.number}: does not follow its predecessor")
        if link.digest != _digest_of_seal(link):
            problems.append(f"seal {link.number}: was changed")
        count, digest = _digest_of_entries(link.from_transaction, link.to_transaction)
        if (count, digest) != (link.entries, link.entries_digest):
            problems.append(f"seal {link.number}: {link.entries} entries were sealed, {count} stand there or differ")
        previous, position = link.digest, link.to_transaction
    total = 0
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=SEALED_AT_ONCE):
        total += 1
        if entry.digest != digest_of(entry):
            problems.append(f"entry {entry.code}: was changed")
    unsealed = AuditEntry.objects.filter(transaction_id__gte=position).count()
    return Verification(seals=seals, entries=total, unsealed=unsealed, problems=tuple(problems))
