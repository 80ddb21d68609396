"""Publish the price list at Stripe. Repeating it changes nothing."""

from __future__ import annotations

from typing import Any

from tenants.billing.actions import sync_catalogue
from tenants.management.commands._base import JsonCommand


class Command(JsonCommand):
    help = __doc__

    def work(self, **options: Any) -> dict[str, Any]:
        return dict(sync_catalogue())
