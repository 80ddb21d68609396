"""What wallet payments show on the pages of the till and of a refund."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import money
from services.payments.machines import LIVE
from services.payments.models import GiveBack, PaymentAttempt


def charge_way(request: HttpRequest, *, slip: Any, **context: Any) -> list[dict[str, Any]]:
    """The way from the charge form to scanning the payer's code, where an acquirer is set up."""
    if not settings.ACQUIRER_URL or not request.actor.can("payments.take", site=slip.site.code):  # type: ignore[attr-defined]
        return []
    url = reverse("payments:start", args=[slip.code])
    return [{"label": _("Scan the payer's code"), "url": url, "icon": "phone", "key": "Z"}]


def slip_notice(request: HttpRequest, *, slip: Any, **context: Any) -> list[dict[str, Any]]:
    """A payment whose result is not known yet: charging the slip another way gives that money back."""
    found = PaymentAttempt.objects.filter(slip=slip, state__in=LIVE).first()
    if found is None or not request.actor.can("payments.view", site=slip.site.code):  # type: ignore[attr-defined]
        return []
    return [
        {
            "title": _("A wallet payment is under way"),
            "text": _("%(state)s. If the slip is charged another way, the money goes back.")
            % {"state": found.get_state_display()},
            "url": reverse("payments:attempt", args=[found.code]),
        }
    ]


def refund_notice(request: HttpRequest, *, refund: Any, **context: Any) -> list[dict[str, Any]]:
    """How far the money is that goes back by the route it came."""
    rows = GiveBack.objects.filter(payout__refund=refund, payout__taken_back_at__isnull=True)
    return [
        {
            "tone": "ok" if row.state == "refunded" else "late" if row.state == "failed" else "info",
            "title": _("Back by %(wallet)s: %(state)s")
            % {"wallet": row.attempt.get_tender_display(), "state": row.get_state_display()},
            "text": f"{money.yuan(row.amount_fen, grouped=True)}",
        }
        for row in rows.select_related("attempt")
    ]
