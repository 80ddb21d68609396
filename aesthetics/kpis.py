"""The figures of an aesthetics clinic."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate

from aesthetics.models import SOURCE
from kernel.registry import Fact
from services.followup.models import FollowUp
from services.sites.models import Site


def postop_on_time(site: Site, day: date) -> Fact | None:
    """Post-op follow-ups due on ``day`` that were closed by its end, of all that were not withdrawn (AE-015)."""
    postop = FollowUp.objects.filter(plan__site=site, plan__source_key__startswith=SOURCE, due_on=day)
    due = postop.exclude(state="cancelled")
    counts = due.annotate(closed_on=TruncDate("closed_at", tzinfo=site.timezone)).aggregate(
        due=Count("pk"), done=Count("pk", filter=Q(closed_on__lte=F("due_on"), state="closed"))
    )
    return Fact(counts["done"], counts["due"], counts["due"]) if counts["due"] else None
