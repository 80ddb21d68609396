"""What sterilisation shows on the page of a visit: the instruments that were opened for the guest."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from services.reception.models import Visit
from services.sterilisation import selectors
from services.sterilisation.models import Steriliser

USE = "sterilisation.use"


def visit_actions(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """The way from a visit to its instruments, where the site keeps sterilisers."""
    actor = request.actor  # type: ignore[attr-defined]
    if not holds(actor, USE, site=visit.site.code):
        return []
    if not Steriliser.objects.filter(site=visit.site).exists():
        return []
    url = reverse("sterilisation:of-visit", args=[visit.code])
    return [{"label": _("Instruments"), "url": url, "icon": "shield", "order": 60}]


def beside(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """Beside a visit: the packs that were opened; one whose load failed stands out."""
    if not holds(request.actor, "sterilisation.view", site=visit.site.code):  # type: ignore[attr-defined]
        return []
    return [
        {
            "label": _("Instruments"),
            "value": f"{one.pack.number} {one.pack.instrument_set.name}",
            **({"tone": "late"} if one.pack.load.state in ("failed", "recalled", "reprocessed") else {}),
        }
        for one in selectors.opened_for(visit)
    ]
