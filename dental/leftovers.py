"""What the laboratory leaves open when a shift ends (slot ``shift.leftovers``, GV-013)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dental.models import LabModel
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Models that cannot be found, and models that should have come back from the laboratory by ``day``."""
    found: list[dict[str, Any]] = []
    rows = LabModel.objects.filter(site=site).order_by("pk")
    lost = [str(code) for code in rows.filter(state="lost").values_list("code", flat=True)]
    if lost:
        found.append(
            {
                "source": "dental.models_lost",
                "keys": lost,
                "title": ngettext("%(n)s model is lost", "%(n)s models are lost", len(lost)) % {"n": len(lost)},
                "cure": _("Find them, or have them made anew"),
                "url": ("dental:models",),
                "part": "problem",
            }
        )
    late = [str(code) for code in rows.filter(state="sent", due_on__lt=day).values_list("code", flat=True)]
    if late:
        title = ngettext(
            "%(n)s model is overdue at the laboratory", "%(n)s models are overdue at the laboratory", len(late)
        )
        found.append(
            {
                "source": "dental.models_overdue",
                "keys": late,
                "title": title % {"n": len(late)},
                "cure": _("Ask the laboratory"),
                "url": ("dental:models",),
            }
        )
    return found
