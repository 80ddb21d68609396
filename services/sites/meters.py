"""What a clinic pays by: the sites it runs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.usage import Meter
from services.sites.models import Site

SITES = Meter(
    key="sites",
    label=pgettext_lazy("room", "Sites"),
    kind="site",
    unit=_("site"),
    count="services.sites.meters.count_sites",
)


def count_sites() -> int:
    """Sites in operation now."""
    return Site.objects.filter(is_active=True).count()
