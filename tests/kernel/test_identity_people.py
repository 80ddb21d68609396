"""People and their accounts: invited, corrected, leaving; and the administrator's pages."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import Conflict, Malformed, NotFound, RuleRefused, StaleVersion
from kernel.identity import actions, selectors
from kernel.identity.models import Deputy, Invitation, User
from kernel.messaging.models import Message
from kernel.outbox.models import OutboxEvent
from kernel.tenancy import TenantContext, activate
from tests.kernel.people import (
    BY,
    actor,
    browser,
    is_signed_in,
    person,
    plain_role,
    sign_in,
    signed_in,
)

CENTRE, HARBOUR = uuid4(), uuid4()
FRESH = "another-calm-river-2031"


def path_of(link: str) -> str:
    """The path of an absolute link."""
    return "/" + link.split("://", 1)[1].split("/", 1)[1]


# --- invitations ----------------------------------------------------------------------------------------------------


def test_an_invitation_becomes_an_account_with_its_role(smile: TenantContext) -> None:
    admin = actor(person("ada.admin", "tenant_admin"))
    given = plain_role("desk", "identity.view_users")

    invitation, link = actions.invite_user(
        by=admin,
        username="Ben.Desk",
        display_name="Ben Desk",
        email="ben.desk@smile.example",
        role=given,
        site_code=CENTRE,
    )

    message = Message.objects.get()
    assert link in message.body
    assert link.rsplit("/", 2)[1] not in invitation.token_hash
    client = browser(smile)
    assert client.get(path_of(link)).status_code == 200
    assert client.post(path_of(link), {"password1": FRESH, "password2": FRESH}).status_code == 303
    assert is_signed_in(client)
    user = User.objects.get(username="ben.desk")
    assert actor(user).grants == {"identity.view_users": frozenset({CENTRE})}
    assert OutboxEvent.objects.filter(type="identity.user_joined").exists()
    # Used once, the link is dead.
    assert browser(smile).get(path_of(link)).status_code == 404


def test_a_link_opens_nothing_in_another_tenant(smile: TenantContext, willow: TenantContext) -> None:
    with activate(smile):
        invitation, link = actions.invite_user(by=BY, username="ben.desk", display_name="Ben Desk")
    token = link.rstrip("/").rsplit("/", 1)[1]
    with activate(willow):
        # The very same row, as a restored backup of the wrong tenant would bring it.
        Invitation.objects.create(
            code=invitation.code,
            username="ben.desk",
            display_name="Ben Desk",
            token_hash=invitation.token_hash,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
        with pytest.raises(NotFound):
            selectors.open_invitation(invitation.code, token)
    with activate(smile):
        assert selectors.open_invitation(invitation.code, token) == invitation


def test_invitations_lapse_are_renewed_and_withdrawn(smile: TenantContext, at: Any) -> None:
    at("2026-12-01 09:00")
    invitation, first = actions.invite_user(by=BY, username="ben.desk", display_name="Ben Desk")
    with pytest.raises(Conflict) as twice:
        actions.invite_user(by=BY, username="BEN.DESK", display_name="Somebody else")
    assert twice.value.code == "already_invited"

    at("2026-12-08 09:01")
    assert browser(smile).get(path_of(first)).status_code == 404
    second = actions.renew_invitation(by=BY, invitation=invitation)
    assert browser(smile).get(path_of(first)).status_code == 404
    assert browser(smile).get(path_of(second)).status_code == 200

    actions.withdraw_invitation(by=BY, invitation=invitation)
    assert browser(smile).get(path_of(second)).status_code == 404
    with pytest.raises(Conflict):
        actions.renew_invitation(by=BY, invitation=invitation)


def test_only_one_of_two_parallel_acceptances_wins(own_database: str, smile: TenantContext) -> None:
    invitation, link = actions.invite_user(by=BY, username="ben.desk", display_name="Ben Desk")
    token = link.rstrip("/").rsplit("/", 1)[1]
    outcomes: list[str] = []
    gate = threading.Barrier(4)

    def accept() -> None:
        try:
            with activate(smile):
                gate.wait()
                actions.accept_invitation(
                    by=Actor.public("invitation"), code=invitation.code, token=token, password=FRESH
                )
                outcomes.append("in")
        except NotFound:
            outcomes.append("late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["in", "late", "late", "late"]
    assert User.objects.filter(username="ben.desk").count() == 1


def test_user_names_and_addresses_are_unique_in_every_spelling(smile: TenantContext) -> None:
    person("cora.plain", email="cora@smile.example")

    for username, email, refusal in (
        ("ＣＯＲＡ．plain", "", "username_taken"),
        ("other", "CORA@smile.example", "email_taken"),
    ):
        with pytest.raises(Conflict) as refused:
            actions.create_user(by=BY, username=username, display_name="Twin", email=email)
        assert refused.value.code == refusal
    with pytest.raises(Malformed):
        actions.create_user(by=BY, username="<script>", display_name="Nobody")


def test_a_phone_is_sealed_and_found_by_its_index(smile: TenantContext) -> None:
    from django.db import connection

    user = person("cora.plain", phone="138 1234 5678")

    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, phone_index FROM identity_user WHERE id = %s", [user.pk])
        stored = " ".join(cursor.fetchone())
    assert "1234" not in stored.replace("-", "")
    assert User.objects.get(phone_index__marks="+86 13812345678").phone == "138 1234 5678"


# --- leaving --------------------------------------------------------------------------------------------------------


def test_whoever_leaves_loses_roles_deputies_and_tokens(smile: TenantContext) -> None:
    from kernel.identity.tokens import token_from_text

    gao, su = person("ada.admin"), person("sam.second")
    head = plain_role("head", "identity.manage_users")
    actions.assign_role(by=BY, user=gao, role=head)
    actions.appoint_deputy(
        by=BY,
        principal=gao,
        deputy=su,
        role=head,
        starts_at=clock.now(),
        ends_at=clock.now() + timedelta(days=9),
        reason="x",
    )
    _token, text = actions.issue_device_token(by=actor(gao), user=gao, name="phone", second_factor=False)
    assert token_from_text(text) is not None

    actions.deactivate_user(by=BY, user=gao, reason="left")

    assert token_from_text(text) is None
    assert not actor(gao).grants
    assert not actor(su).grants
    assert not Deputy.objects.filter(ends_at__gt=clock.now()).exists()
    assert OutboxEvent.objects.filter(type="identity.user_deactivated", payload__user=str(gao.code)).exists()
    entry = AuditEntry.objects.get(verb="identity.user_deactivated")
    assert entry.target_code == gao.code


def test_nobody_closes_their_own_account(smile: TenantContext) -> None:
    person("other", "tenant_admin")
    admin = person("ada.admin", "tenant_admin")

    with pytest.raises(RuleRefused) as refused:
        actions.deactivate_user(by=actor(admin), user=admin, reason="tired")
    assert refused.value.code == "own_account"


def test_an_account_that_is_opened_again_begins_without_roles_and_password(smile: TenantContext) -> None:
    user = person("ben.desk")
    actions.assign_role(by=BY, user=user, role=plain_role("desk", "identity.view_users"))
    actions.deactivate_user(by=BY, user=user, reason="left")

    actions.reactivate_user(by=BY, user=user)

    assert not actor(user).grants
    assert sign_in(browser(smile), "ben.desk").status_code == 200
    link = actions.issue_reset_link(by=BY, user=User.objects.get(pk=user.pk))
    browser(smile).post(path_of(link), {"password1": FRESH, "password2": FRESH})
    assert sign_in(browser(smile), "ben.desk", FRESH).status_code == 302


def test_corrections_compare_versions(smile: TenantContext) -> None:
    user = person("ben.desk")
    actions.correct_user(by=BY, user=user, version=user.version, display_name="Ben Desk Two")

    with pytest.raises(StaleVersion):
        actions.correct_user(by=BY, user=user, version=user.version, display_name="Lost update")

    assert User.objects.get(pk=user.pk).display_name == "Ben Desk Two"
    entry = AuditEntry.objects.get(verb="identity.user_corrected")
    assert entry.data == {"fields": ["display_name"]}


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(smile: TenantContext) -> Any:
    """The administrator's browser."""
    return signed_in(person("ada.admin", "tenant_admin", second_factor=True), smile, second_factor=True)


def test_the_pages_of_the_administrator(smile: TenantContext, admin: Any) -> None:
    user = person("ben.desk", email="ben@smile.example")

    listing = admin.get("/people/?q=ben.d")
    assert listing.status_code == 200
    assert b"ben.desk" in listing.content
    assert [row.username for row in listing.context["people"]] == ["ben.desk"]
    for path in (
        f"/people/{user.code}/",
        "/people/roles/",
        "/people/roles/tenant_admin/",
        "/people/deputies/",
        "/people/invite/",
    ):
        assert admin.get(path).status_code == 200, path


def test_inviting_by_the_page(smile: TenantContext, admin: Any) -> None:
    taken = admin.post("/people/invite/", {"display_name": "Gao", "username": "ADA.ADMIN", "role": "billing_admin"})
    assert taken.status_code == 422
    assert b"already in use" in taken.content or taken.context["form"].errors["username"]

    answer = admin.post(
        "/people/invite/", {"display_name": "Fay Till", "username": "fay.till", "role": "billing_admin"}
    )

    assert answer.status_code == 200
    assert Invitation.objects.get().role.slug == "billing_admin"
    assert b"/accounts/invitation/" in answer.content


def test_roles_leaving_and_deputies_by_the_pages(smile: TenantContext, admin: Any) -> None:
    user = person("ben.desk")
    plain_role("desk", "identity.view_users")
    other = person("sam.second")

    admin.post(f"/people/{user.code}/roles/", {"role": "desk", "site_code": ""})
    assert actor(user).can("identity.view_users")
    answer = admin.post(
        "/people/deputies/",
        {
            "principal": str(user.code), "deputy": str(other.code), "role": "desk",
            "starts_on": "2020-01-01", "ends_on": "2099-12-31", "reason": "leave",
        },
    )  # fmt: skip
    assert answer.status_code == 303, answer.content
    assert actor(other).can("identity.view_users")
    admin.post("/people/roles/desk/", {"word": ["identity.manage_users"]})
    assert actor(user).can("identity.manage_users")
    assert not actor(user).can("identity.view_users")
    assert admin.post(f"/people/{user.code}/close/", {"reason": "left"}).status_code == 303
    assert not User.objects.get(pk=user.pk).is_active


def test_pages_are_closed_to_everybody_else(smile: TenantContext) -> None:
    user = person("ben.desk")
    client = signed_in(user, smile)
    nobody = browser(smile)

    for path in ("/people/", f"/people/{user.code}/", "/people/roles/", "/people/invite/"):
        assert client.get(path).status_code == 403, path
        assert nobody.get(path)["Location"].startswith("/accounts/login/"), path
    assert client.post(f"/people/{user.code}/roles/", {"role": "tenant_admin"}).status_code == 403
    assert actor(user).grants == {}


def test_a_person_of_another_tenant_does_not_exist_here(smile: TenantContext, willow: TenantContext) -> None:
    with activate(willow):
        stranger = person("canary.of.willow")
    with activate(smile):
        admin = signed_in(person("ada.admin", "tenant_admin", second_factor=True), smile, second_factor=True)
        for path in (f"/people/{stranger.code}/", f"/people/{uuid4()}/"):
            answer = admin.get(path)
            assert answer.status_code == 404
            assert b"canary" not in answer.content.lower()


def test_own_sessions_are_listed_and_ended(smile: TenantContext) -> None:
    user = person("ben.desk")
    desk, phone = signed_in(user, smile), signed_in(user, smile)
    listed = desk.get("/accounts/security/").context["sessions"]
    assert len(listed) == 2
    other = next(row for row in listed if row.code != desk.get("/accounts/security/").context["present"])

    assert desk.post(f"/accounts/sessions/{other.code}/end/").status_code == 303

    assert is_signed_in(desk)
    assert not is_signed_in(phone)
    stranger = signed_in(person("sam.second"), smile)
    mine = desk.get("/accounts/security/").context["present"]
    assert stranger.post(f"/accounts/sessions/{mine}/end/").status_code == 404
    assert is_signed_in(desk)
