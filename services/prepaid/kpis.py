"""What a site owes its patients."""

from __future__ import annotations

from datetime import date

from kernel.registry import Fact
from services.books.models import Movement
from services.prepaid.selectors import owed_fen
from services.sites.models import Site


def liability(site: Site, day: date) -> Fact | None:
    """What patients had prepaid and not used when the business day ended, in fen; None where nothing was ever prepaid."""
    count = Movement.objects.filter(site=site, day__lte=day, holding__isnull=False).values("holding").distinct().count()
    return Fact(owed_fen(site, day), None, count) if count else None
