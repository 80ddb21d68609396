"""Tokens of apps: obtained with password and code, shown once, revoked, worthless elsewhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from kernel import limits
from kernel.identity import actions
from kernel.identity.models import DeviceToken
from kernel.identity.tokens import machine_now
from kernel.tenancy import TenantContext, activate
from tests.kernel.people import BY, PASSWORD, browser, code, person, signed_in

TOKEN = "/api/v1/auth/token/"
ME = "/api/v1/auth/me/"


@pytest.fixture(autouse=True)
def no_counters() -> None:
    """Counters of one test are no business of the next."""
    limits._store().flushdb()


def ask(tenant: TenantContext | str, **body: str) -> Any:
    """Ask for a token."""
    body.setdefault("password", PASSWORD)
    return browser(tenant).post(TOKEN, json.dumps(body), content_type="application/json")


def app(tenant: TenantContext | str, token: str) -> Any:
    """An app that carries ``token``."""
    client = browser(tenant, enforce_csrf_checks=True)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def test_life_of_a_token(smile: TenantContext) -> None:
    user = person("zed.app")
    answer = ask(smile, username="Zed.App", name="Phone of Zed")
    assert answer.status_code == 201
    made = answer.json()
    token = made["token"]
    assert token.startswith(made["prefix"])
    row = DeviceToken.objects.get(user=user)
    assert token.removeprefix("lz_" + row.prefix) not in row.secret_hash
    assert row.expires_at - row.created_at == timedelta(hours=24)

    me = app(smile, token).get(ME)
    assert (me.status_code, me.json()["username"], me.json()["tenant"]["slug"]) == (200, "zed.app", "smile")
    assert DeviceToken.objects.get(pk=row.pk).last_used_at is not None

    listed = app(smile, token).get("/api/v1/auth/tokens/").json()["results"]
    assert [entry["name"] for entry in listed] == ["Phone of Zed"]
    assert "token" not in listed[0]

    assert app(smile, token).delete(f"/api/v1/auth/tokens/{row.code}/").status_code == 204
    dead = app(smile, token).get(ME)
    assert (dead.status_code, dead.json()["code"]) == (401, "invalid_token")


def test_the_address_without_a_slash_works_too(smile: TenantContext) -> None:
    person("zed.app")
    body = json.dumps({"username": "zed.app", "password": PASSWORD})
    assert browser(smile).post("/api/v1/auth/token", body, content_type="application/json").status_code == 201


def test_wrong_credentials_are_401_whatever_is_wrong(smile: TenantContext) -> None:
    gone = person("gone")
    person("zed.app")
    actions.deactivate_user(by=BY, user=gone, reason="left")

    documents = []
    for username, password in (("zed.app", "wrong-password-1"), ("nobody", PASSWORD), ("gone", PASSWORD)):
        answer = ask(smile, username=username, password=password)
        assert answer.status_code == 401
        document = answer.json()
        document.pop("request_id")
        documents.append(document)
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["code"] == "invalid_credentials"


def test_tries_by_page_and_api_count_together(smile: TenantContext) -> None:
    from tests.kernel.people import sign_in

    person("zed.app")
    for number in range(5):
        ask(smile, username="zed.app", password=f"wrong-{number}")
        sign_in(browser(smile), "ZED.APP", f"wrong-{number}")

    answer = ask(smile, username="zed.app")

    assert (answer.status_code, answer.json()["code"]) == (429, "limit_reached")
    assert int(answer["Retry-After"]) > 60


def test_the_second_factor_counts_for_apps_too(smile: TenantContext) -> None:
    person("ada.admin", "tenant_admin")
    missing = ask(smile, username="ada.admin")
    assert (missing.status_code, missing.json()["code"]) == (403, "second_factor_required")

    person("sam.second", "tenant_admin", second_factor=True)
    asked = ask(smile, username="sam.second")
    assert (asked.status_code, asked.json()["code"]) == (401, "otp_required")
    wrong = ask(smile, username="sam.second", otp="000000")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    shown = code()
    right = ask(smile, username="sam.second", otp=shown)
    assert right.status_code == 201
    assert ask(smile, username="sam.second", otp=shown).status_code == 401
    assert "identity.manage_users" in {
        grant["word"] for grant in app(smile, right.json()["token"]).get(ME).json()["grants"]
    }


def test_a_token_without_the_factor_stops_when_a_role_demands_it(smile: TenantContext) -> None:
    user = person("zed.app")
    token = ask(smile, username="zed.app").json()["token"]
    assert app(smile, token).get(ME).status_code == 200

    from tests.kernel.people import role

    actions.assign_role(by=BY, user=user, role=role("tenant_admin"))

    held = app(smile, token).get(ME)
    assert (held.status_code, held.json()["code"]) == (403, "second_factor_required")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Bearer lz_short",
        "Bearer a b",
        "Bearer lz_\u00e9" + "x" * 60,
        "bearer " + "lz_" + "x" * 55,
    ],
)
def test_bad_tokens_are_401_and_never_fall_back_to_the_session(smile: TenantContext, header: str) -> None:
    client = signed_in(person("zed.app"), smile)
    assert client.get(ME).status_code == 200

    answer = client.get(ME, HTTP_AUTHORIZATION=header)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_worthless_in_another_tenant(smile: TenantContext, willow: TenantContext) -> None:
    with activate(smile):
        person("zed.app")
        token = ask(smile, username="zed.app").json()["token"]
        row = DeviceToken.objects.get()
    with activate(willow):
        twin = person("zed.app")
        assert app(willow, token).get(ME).status_code == 401
        # Even with the very row copied over: the hash is bound to the tenant.
        row.pk, row.user = None, twin
        row.save(force_insert=True)
        assert app(willow, token).get(ME).status_code == 401
    with activate(smile):
        assert app(smile, token).get(ME).status_code == 200


def test_tokens_end_with_time_password_and_account(smile: TenantContext) -> None:
    user = person("zed.app", email="zed@smile.example")

    def fresh() -> str:
        return str(ask(smile, username="zed.app").json()["token"])

    late = fresh()
    DeviceToken.objects.update(expires_at=machine_now())
    assert app(smile, late).get(ME).status_code == 401

    before = fresh()
    actions.end_sessions(by=BY, user=user)
    assert app(smile, before).get(ME).status_code == 401

    last = fresh()
    actions.deactivate_user(by=BY, user=user, reason="left")
    assert app(smile, last).get(ME).status_code == 401


def test_only_ones_own_tokens_can_be_seen_and_revoked(smile: TenantContext) -> None:
    person("zed.app")
    person("moe.app")
    mine = ask(smile, username="zed.app").json()
    theirs = ask(smile, username="moe.app").json()

    answer = app(smile, mine["token"]).delete(f"/api/v1/auth/tokens/{theirs['code']}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "token_not_found")
    assert app(smile, theirs["token"]).get(ME).status_code == 200


def test_a_token_needs_no_csrf_token_and_no_cookie_comes_back(smile: TenantContext) -> None:
    person("zed.app")
    answer = ask(smile, username="zed.app")
    assert not answer.cookies
    confirmed = app(smile, answer.json()["token"]).post(
        "/api/v1/auth/confirm/", json.dumps({"password": PASSWORD}), content_type="application/json"
    )
    assert confirmed.status_code == 204


def test_confirming_heals_the_demand_for_a_recent_proof(smile: TenantContext, rf: Any) -> None:
    from kernel.errors import ReauthenticationRequired
    from kernel.identity.sign_in import require_recent_authentication
    from kernel.identity.tokens import token_from_text

    person("zed.app")
    text = ask(smile, username="zed.app").json()["token"]

    def request() -> Any:
        asking = rf.get("/")
        asking.auth = token_from_text(text)
        return asking

    require_recent_authentication(request())
    DeviceToken.objects.update(confirmed_at=machine_now() - timedelta(minutes=6))
    with pytest.raises(ReauthenticationRequired):
        require_recent_authentication(request())
    wrong = app(smile, text).post(
        "/api/v1/auth/confirm/", json.dumps({"password": "no"}), content_type="application/json"
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    with pytest.raises(ReauthenticationRequired):
        require_recent_authentication(request())
    app(smile, text).post("/api/v1/auth/confirm/", json.dumps({"password": PASSWORD}), content_type="application/json")
    require_recent_authentication(request())


def test_no_more_than_twenty_devices(smile: TenantContext) -> None:
    from kernel.errors import RuleRefused
    from tests.kernel.people import actor

    user = person("zed.app")
    for number in range(20):
        actions.issue_device_token(by=actor(user), user=user, name=f"d{number}", second_factor=False)
    with pytest.raises(RuleRefused):
        actions.issue_device_token(by=actor(user), user=user, name="one too many", second_factor=False)
