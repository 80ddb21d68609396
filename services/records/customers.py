"""Where patients come from and whether they stay (CR-012, CR-013): counted, never listed by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncDate
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from kernel import access, clock, parameters, registry
from kernel.context import Actor
from services.patients.choices import media_source
from services.patients.models import Patient
from services.records.models import Treatment

WORD = "records.figures"


@dataclass(slots=True)
class Source:
    """One way by which people heard of us, over a span of days."""

    label: str | Promise
    registered: int = 0
    first_treated: int = 0
    revenue_fen: int = 0


def media_sources(actor: Actor, first: date, last: date) -> list[Source]:
    """Per source: files opened from ``first`` to ``last``, how many of these people were treated since, and what they have
    paid since, in fen, as the rooms of the slot ``patient.revenue`` know. The largest first (CR-012)."""
    access.require(actor, WORD)
    start, end = clock.day_bounds(first)[0], clock.day_bounds(last)[1]
    rows = Patient.objects.filter(created_at__gte=start, created_at__lt=end)
    rows = rows.filter(merged_into__isnull=True, withdrawn_at__isnull=True)
    treated = set(
        Treatment.objects.filter(patient__in=rows.values("pk"), voided_at__isnull=True).values_list(
            "patient", flat=True
        )
    )
    known = list(rows.values_list("pk", "media_source"))
    paid = revenue_of(pk for pk, _source in known)
    found: dict[str, Source] = {}
    for pk, source in known:
        line = found.setdefault(source, Source(media_source(source)))
        line.registered += 1
        line.first_treated += pk in treated
        line.revenue_fen += paid.get(pk, 0)
    return sorted(found.values(), key=lambda line: (-line.registered, str(line.label)))


def revenue_of(patients: Iterable[int]) -> dict[int, int]:
    """What each of ``patients`` has paid so far, in fen, by primary key."""
    wanted = list(patients)
    paid: dict[int, int] = {}
    for room in registry.active_rooms():
        for path in room.slots.get("patient.revenue", ()):
            for pk, fen in import_string(path)(wanted).items():
                paid[pk] = paid.get(pk, 0) + fen
    return paid


@dataclass(slots=True)
class Month:
    """Who was treated in a month: new people, those who came before, and those who have become lost in it."""

    first: date
    new: int = 0
    retained: int = 0
    lost: int = 0


@dataclass(slots=True)
class Lifecycle:
    """Potential: never treated. Loyal: on ``loyal_days`` days within ``loyal_window_days``. Existing: the others."""

    potential: int
    existing: int
    loyal: int
    months: list[Month] = field(default_factory=list)


def lifecycle(actor: Actor, *, months: int = 6) -> Lifecycle:
    """Where patients stand today, and how many were new, retained and lost in each of the last ``months`` (CR-013).

    Lost in a month is whoever's last treatment became ``lost_after_days`` old in it.
    """
    access.require(actor, WORD)
    today = clock.today()
    rows = Patient.objects.filter(merged_into__isnull=True, withdrawn_at__isnull=True)
    done = Treatment.objects.filter(voided_at__isnull=True)
    treated = done.order_by().values("patient").distinct().count()
    since = clock.day_bounds(today - timedelta(days=parameters.value("loyal_window_days")))[0]
    visits = done.filter(performed_at__gte=since).order_by().values("patient")
    loyal = visits.annotate(days=Count(TruncDate("performed_at"), distinct=True)).filter(
        days__gte=parameters.value("loyal_days")
    )
    result = Lifecycle(potential=rows.count() - treated, existing=0, loyal=loyal.count())
    result.existing = treated - result.loyal
    lost_after = timedelta(days=parameters.value("lost_after_days"))
    per_patient = done.order_by().values("patient").annotate(first=Min("performed_at"), last=Max("performed_at"))
    for start, end in _months(today, months):
        begins, ends = clock.day_bounds(start)[0], clock.day_bounds(end)[0]
        here = done.filter(performed_at__gte=begins, performed_at__lt=ends).values("patient")
        new = per_patient.filter(first__gte=begins, first__lt=ends).count()
        result.months.append(
            Month(
                first=start,
                new=new,
                retained=here.order_by().distinct().count() - new,
                lost=per_patient.filter(
                    Q(last__gte=begins - lost_after) & Q(last__lt=min(ends, clock.now()) - lost_after)
                ).count(),
            )
        )
    return result


def _months(today: date, count: int) -> list[tuple[date, date]]:
    """The last ``count`` months up to this one, each with its first day and the first day of the next, the latest first."""
    found = []
    first = today.replace(day=1)
    for _step in range(count):
        following = (first + timedelta(days=32)).replace(day=1)
        found.append((first, following))
        first = (first - timedelta(days=1)).replace(day=1)
    return found
