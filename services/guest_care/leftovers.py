"""What is still owed to guests when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.guest_care.selectors import open_questions, unreturned
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Luggage in our custody (FD-017) and questions whose answer nobody brought back (FD-038, GV-036)."""
    found: list[dict[str, Any]] = []
    luggage = [str(code) for code in unreturned(site).values_list("code", flat=True)]
    if luggage:
        title = ngettext("%(n)s piece of luggage is still here", "%(n)s pieces of luggage are still here", len(luggage))
        found.append(
            {
                "source": "guest_care.luggage",
                "keys": luggage,
                "title": title % {"n": len(luggage)},
                "cure": _("Return it, or say where it is kept"),
                "url": ("guest_care:kept", "luggage"),
            }
        )
    questions = [str(code) for code in open_questions(site).values_list("code", flat=True)]
    if questions:
        title = ngettext(
            "%(n)s question of a guest is unanswered", "%(n)s questions of guests are unanswered", len(questions)
        )
        found.append(
            {
                "source": "guest_care.questions",
                "keys": questions,
                "title": title % {"n": len(questions)},
                "cure": _("Bring the answer back, or carry it over with a reason"),
                "url": ("guest_care:kept", "questions"),
            }
        )
    return found
