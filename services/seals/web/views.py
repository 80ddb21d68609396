"""The register of seals."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.web.views import page, render_page
from services.seals import selectors
from services.seals.models import Seal

PER_PAGE = 100


@page(permission="seals.view")
def register(request: HttpRequest) -> HttpResponse:
    """What was sealed, the latest first; one seal or all of them."""
    here, show = reverse("seals:register"), request.GET.get("seal", "")
    rows = selectors.uses(request.actor)  # type: ignore[attr-defined]
    if show in Seal.values:
        rows = rows.filter(seal=show)
    tabs: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": seal.value, "label": seal.label, "url": f"{here}?seal={seal.value}"} for seal in Seal]
    context = {"rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")), "tabs": tabs, "show": show}
    return render_page(request, "seals/register.html", context)
