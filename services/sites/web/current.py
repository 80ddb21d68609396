"""The site that a page works at: the one chosen in the top bar if the person may, else their first."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.errors import NotFound
from kernel.web.views import site_code
from services.sites.models import Site
from services.sites.selectors import working_site


def site_for(request: HttpRequest, word: str) -> Site:
    """The site where the person of ``request`` works now and holds ``word``. Raises NotFound (``site_not_found``)."""
    site = working_site(request.actor, site_code(request), word)  # type: ignore[attr-defined]
    if site is None:
        raise NotFound("site_not_found", _("There is no site where you may do this."))
    return site
