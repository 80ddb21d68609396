"""The exception report: what was overridden, by whom, and what the next day said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import access, clock, registry
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.registry import Gate
from services.policy.models import NudgeCount, OverrideRecord
from services.sites.models import Site
from services.tasks.selectors import Subject, role_labels

VIEW = "policy.view_exceptions"


@dataclass(frozen=True, slots=True)
class Exceptional:
    """An override as the report shows it."""

    record: OverrideRecord
    gate: str | Promise
    role: str | Promise
    own: bool

    @property
    def reviewable(self) -> bool:
        """May the reader review it (open, and not their own)?"""
        return self.record.review == OverrideRecord.Review.OPEN and not self.own


def gates() -> dict[str, Gate]:
    """Every gate of the active rooms."""
    return {declared.key: declared for room in registry.active_rooms() for declared in room.gates}


def overrides_for(actor: Actor) -> QuerySet[OverrideRecord]:
    """The overrides at the sites where ``actor`` may see the report. Raises Forbidden."""
    access.require(actor, VIEW)
    return access.accessible(OverrideRecord.objects.select_related("site", "by", "reviewed_by"), actor, VIEW)


def exception_report(actor: Actor, *, open_only: bool = False, days: int = 30) -> list[Exceptional]:
    """The overrides of the last ``days``, those still to be reviewed first (they never age out)."""
    rows = overrides_for(actor)
    waiting = list(rows.filter(review=OverrideRecord.Review.OPEN).order_by("review_due_at", "id"))
    done: list[OverrideRecord] = []
    if not open_only:
        since = clock.now() - timedelta(days=days)
        done = list(rows.exclude(review=OverrideRecord.Review.OPEN).filter(granted_at__gte=since))
    return shown([*waiting, *done], actor)


def shown(records: list[OverrideRecord], actor: Actor) -> list[Exceptional]:
    """Records with the words of their gates and roles."""
    known, roles = gates(), role_labels()
    return [
        Exceptional(
            record=record,
            gate=known[record.gate].label if record.gate in known else record.gate,
            role=roles.get(record.as_role, record.as_role),
            own=record.by_id == actor.user_id,
        )
        for record in records
    ]


def access_override(actor: Actor, code: UUID) -> OverrideRecord:
    """The record behind a code from outside. Raises NotFound."""
    record = overrides_for(actor).filter(code=code).first()
    if record is None:
        raise NotFound("not_found", _("There is no such override."))
    return record


def nudges(actor: Actor, *, since: date) -> list[tuple[str | Promise, int]]:
    """How often each nudge was walked past since ``since``, by declaration order."""
    access.require(actor, VIEW)
    rows = access.accessible(NudgeCount.objects.filter(day__gte=since), actor, VIEW)
    counted = dict(rows.values_list("gate").annotate(total=Sum("count")))
    return [(declared.label, counted[key]) for key, declared in gates().items() if key in counted]


def exclusions(actor: Actor, *, since: date) -> list[Any]:
    """What other rooms left out of figures since ``since``: the slot ``policy.exclusions``, each ``(actor, since)``."""
    access.require(actor, VIEW)
    paths = [path for room in registry.active_rooms() for path in room.slots.get("policy.exclusions", ())]
    return [row for path in paths for row in import_string(path)(actor, since)]


def overrides_on(site: Site, day: date) -> int:
    """How many overrides were granted at ``site`` on its local ``day``."""
    start, end = clock.day_bounds(day, site.timezone)
    return OverrideRecord.objects.filter(site=site, granted_at__gte=start, granted_at__lt=end).count()


def task_subjects(codes: set[UUID]) -> Mapping[UUID, Subject]:
    """What the inbox calls an override: its gate, and who granted it."""
    known = gates()
    return {
        record.code: Subject(str(known[record.gate].label) if record.gate in known else record.gate, record.by_name)
        for record in OverrideRecord.objects.filter(code__in=codes)
    }
