"""A house that is read-only: its pages offer nothing that would be refused, and everything that stays open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve

from config.urls import tenant_urlconf
from kernel.tenancy import activate
from tenants.billing import guard, standing
from tenants.billing.models import BillingAccount
from tenants.billing.scope import public_schema
from tenants.selectors import context_for
from tests.isolation.walking import likeness, plant, routes, signed_in
from tests.tenants.billing_desk import (  # noqa: F401  # fixtures
    Post,
    StandIn,
    account,
    fresh,
    post,
    simple_order,
    stand_in,
    stripe,
    subscribe,
    tenant_of,
)  # fmt: skip

# ruff: noqa: F811  # fixtures are imported by name

FORM = re.compile(r"""<form\b((?:[^>"']|"[^"]*"|'[^']*')*)>(<fieldset disabled data-closed)?""")
METHOD = re.compile(r'\bmethod="post"', re.IGNORECASE)
ACTION = re.compile(r'\baction="([^"]*)"')


@pytest.fixture
def read_only(at: Any, stripe: StandIn, post: Post, account: BillingAccount) -> BillingAccount:
    """smile has rows in every room, and then nobody pays."""
    stripe.live_at(at("2026-12-08 09:00"))
    subscribe(stripe, post, account, simple_order())
    return fresh(account)


def close(account: BillingAccount) -> None:
    """Let the account become read-only."""
    with public_schema(), transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
        for state in ("past_due", "read_only"):
            standing.move(locked, state, cause="test")
    assert tenant_of("smile").billing_state == "read_only"


def posts(html: str, path: str) -> Iterator[str]:
    """Where the forms of a page send to that can be sent."""
    for form, disabled in FORM.findall(html):
        if METHOD.search(form) and not disabled:
            found = ACTION.search(form)
            yield (found[1].partition("?")[0] if found else "") or path


def offers(client: Client, codes: dict[str, Any]) -> dict[str, set[str]]:
    """The words of everything that the pages of smile let somebody send, with where it stands."""
    smile = context_for(slug="smile")
    urlconf = tenant_urlconf(smile.family, smile.verticals)
    found: dict[str, set[str]] = {}
    nameless: list[str] = []
    for route in routes(smile):
        if route.is_api or "GET" not in getattr(route.view, "permissions", {}):
            continue
        path = route.filled(codes[max(codes, key=lambda label, route=route: likeness(route, label))])
        answer = client.get(path)
        if answer.status_code != 200 or "html" not in answer.get("Content-Type", ""):
            continue
        html = answer.content.decode()
        if " object (" in html:
            nameless.append(path)
        for target in posts(html, path):
            with suppress(Resolver404):
                view = resolve(target, urlconf=urlconf).func
                if word := getattr(view, "permissions", {}).get("POST"):
                    found.setdefault(word, set()).add(f"{path} -> {target}")
    assert nameless == [], "a row is shown by the name of its class"
    return found


@pytest.mark.slow
@pytest.mark.ledger("PL-004")
def test_no_page_offers_what_would_be_refused(read_only: BillingAccount) -> None:
    smile = context_for(slug="smile")
    codes = plant(smile)
    client = signed_in(smile)
    before = offers(client, codes)
    with activate(smile):
        assert not guard.closed_words()

    close(read_only)
    after = offers(client, codes)

    with activate(tenant_of("smile")):
        closed = guard.closed_words()
    assert {word: sorted(where)[:3] for word, where in after.items() if word in closed} == {}
    assert before.keys() & closed, "some of what was offered before is closed now"
    assert {"reception.check_in", "records.write"} & after.keys(), "what stays open is offered as before"


@pytest.mark.ledger("PL-004")
@pytest.mark.parametrize(
    ("slug", "stays"),
    [
        ("smile", {"records.write", "dental.treat", "cashier.charge", "outage.enter", "telephone.log"}),
        ("derma", {"records.write", "dermatology.watch", "dermatology.follow_up", "treatment_area.report"}),
        ("lumen", {"records.write", "aesthetics.perform", "aesthetics.give_aftercare"}),
        ("peiban", {"escort.serve"}),
    ],
)
def test_charting_money_and_alarms_stay_open(slug: str, stays: set[str], data: None) -> None:
    tenant = replace(context_for(slug=slug), billing_state="read_only")
    with activate(tenant):
        closed = guard.closed_words()
    assert not closed & stays
    assert "patients.register" in closed
