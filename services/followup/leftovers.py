"""What follow-up leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.followup.machine import DUE
from services.followup.models import FollowUp
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Calls due by ``day`` that nobody finished, and problems of patients that wait for a doctor."""
    found: list[dict[str, Any]] = []
    rows = FollowUp.objects.filter(plan__site=site).order_by("due_on", "id")
    calls = [str(code) for code in rows.filter(state__in=DUE, due_on__lte=day).values_list("code", flat=True)]
    if calls:
        title = ngettext("%(n)s follow-up call is not finished", "%(n)s follow-up calls are not finished", len(calls))
        found.append(
            {
                "source": "followup.calls",
                "keys": calls,
                "title": title % {"n": len(calls)},
                "cure": _("Make the calls"),
                "url": ("followup:list",),
                "part": "reminder",
            }
        )
    asked = [str(code) for code in rows.filter(state="with_doctor").values_list("code", flat=True)]
    if asked:
        title = ngettext(
            "%(n)s problem of a patient waits for a doctor", "%(n)s problems of patients wait for a doctor", len(asked)
        )
        found.append(
            {
                "source": "followup.problems",
                "keys": asked,
                "title": title % {"n": len(asked)},
                "cure": _("The doctor answers"),
                "url": ("followup:list",),
                "part": "problem",
            }
        )
    return found
