"""What the telephone is measured by."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, Q

from kernel import parameters
from kernel.registry import Fact
from services.sites.models import Site
from services.sites.selectors import day_bounds
from services.telephone.models import Call


def answered_in_rings(site: Site, day: date) -> Fact | None:
    """Incoming calls of the day whose rings were counted and that were answered within ``ring_answer`` rings (TC-002)."""
    start, end = day_bounds(site, day)
    rows = Call.objects.filter(
        site=site, direction=Call.Direction.IN, started_at__gte=start, started_at__lt=end, rings__isnull=False
    ).order_by()
    limit = parameters.value("ring_answer", site=site)
    found = rows.aggregate(counted=Count("pk"), quick=Count("pk", filter=Q(rings__lte=limit)))
    counted = found["counted"]
    return Fact(numerator=found["quick"], denominator=counted, n=counted) if counted else None
