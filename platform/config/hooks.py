"""What a lower floor asks for through a setting, because only the composition root may know who can answer."""

from __future__ import annotations

from uuid import UUID


def site_choices() -> list[tuple[UUID, str]]:
    """Code and name of the current tenant's sites, for the forms that give roles (``SITE_CHOICES``)."""
    from services.sites.selectors import sites

    return [(site.code, site.name) for site in sites()]
