"""What bookings leave open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.appointments.referrals import open_referrals
from services.appointments.reminders import CONFIRM
from services.appointments.selectors import affected, open_cards
from services.sites.models import Site
from services.tasks.models import Task


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Confirmations due by the end of ``day``, patients to tell of a changed roster, next visits of today to be booked
    (AP-028)."""
    found: list[dict[str, Any]] = []
    start, end = clock.day_bounds(day, site.timezone)
    waiting = (Task.State.OPEN, Task.State.SLEEPING)
    confirm = Task.objects.filter(kind=CONFIRM, site=site, state__in=waiting, due_at__lt=end).order_by("due_at", "id")
    reminders = [str(code) for code in confirm.values_list("code", flat=True)]
    if reminders:
        title = ngettext("%(n)s visit is not confirmed", "%(n)s visits are not confirmed", len(reminders))
        found.append(
            {
                "source": "appointments.confirmations",
                "keys": reminders,
                "title": title % {"n": len(reminders)},
                "cure": _("Call the patients"),
                "url": ("tasks:my-day",),
                "part": "reminder",
            }
        )
    untold = [str(code) for code in affected(site).values_list("code", flat=True)]
    if untold:
        title = ngettext(
            "%(n)s patient does not know of the changed roster",
            "%(n)s patients do not know of the changed roster",
            len(untold),
        )
        found.append(
            {
                "source": "appointments.affected",
                "keys": untold,
                "title": title % {"n": len(untold)},
                "cure": _("Tell them, or move the visit"),
                "url": ("appointments:board",),
            }
        )
    cards = open_cards(site).filter(written_at__gte=start, written_at__lt=end).values_list("code", flat=True)
    unbooked = [str(code) for code in cards]
    if unbooked:
        title = ngettext("%(n)s next visit is not booked", "%(n)s next visits are not booked", len(unbooked))
        found.append(
            {
                "source": "appointments.cards",
                "keys": unbooked,
                "title": title % {"n": len(unbooked)},
                "cure": _("Book the next visit"),
                "url": ("appointments:cards",),
            }
        )
    referred = open_referrals(site, day)
    if referred:
        title = ngettext("%(n)s referral is not settled", "%(n)s referrals are not settled", len(referred))
        found.append(
            {
                "source": "appointments.referrals",
                "keys": [str((one.referral or one.patient).code) for one in referred],
                "title": title % {"n": len(referred)},
                "cure": _("Register each doctor's part, or settle what is unclear"),
                "url": ("appointments:referrals",),
            }
        )
    return found
