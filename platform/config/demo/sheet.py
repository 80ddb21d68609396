"""``demo.json``: where the demo's tenants are and who may sign in, for people, for the sign-in page and for tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings

from config.demo.building import needs_second_factor, totp_secret
from config.demo.cast import GROUPS, OPERATIONS, PASSWORD, House, Person
from tenants.selectors import context_for


def demo_file() -> Path:
    """Where it lies."""
    return Path(getattr(settings, "DEMO_FILE", settings.VAR / "demo.json"))


def write() -> dict[str, Any]:
    """Write it anew for the present port and return what was written."""
    port = os.environ.get("PORT", "8000")
    houses = [house for group in GROUPS for house in group.houses]
    sheet = {
        "base_url": f"http://{settings.BASE_DOMAIN}:{port}",
        "tenants": {house.slug: facts for house in (*houses, OPERATIONS) if (facts := _tenant(house, port))},
        "users": [_user(house, person) for house in houses for person in house.people],
        "stripe": {"webhook_secret": settings.STRIPE_WEBHOOK_SECRET},
        "operators": {
            "host": _host(OPERATIONS, port),
            "users": [_user(OPERATIONS, person) for person in OPERATIONS.people],
        },
    }
    path = demo_file()
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(sheet, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(draft, path)
    return sheet


def _tenant(house: House, port: str) -> dict[str, Any] | None:
    tenant = context_for(slug=house.slug)
    if tenant is None:
        return None
    return {
        "host": _host(house, port),
        "kind": tenant.kind,
        "chain": tenant.chain_name,
        "verticals": sorted(tenant.verticals),
        "timezone": str(tenant.timezone),
        "name": house.name,
        "canary": house.canary,
    }


def _host(house: House, port: str) -> str:
    return f"{house.slug}.{settings.BASE_DOMAIN}:{port}"


def _user(house: House, person: Person) -> dict[str, Any]:
    return {
        "tenant": house.slug,
        "username": person.username,
        "password": PASSWORD,
        "role": person.roles[0],
        "totp_secret": totp_secret(house.slug, person.username) if needs_second_factor(person) else None,
    }
