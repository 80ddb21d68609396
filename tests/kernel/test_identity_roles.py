"""Roles and deputies: who gives them to whom, where and when they hold, and what they may never become."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections

from kernel import access, clock
from kernel.audit.models import AuditEntry
from kernel.context import ALL
from kernel.errors import Conflict, Forbidden, Malformed, RuleRefused
from kernel.identity import actions, selectors
from kernel.identity.models import Role, RoleAssignment, RolePermission, User
from kernel.identity.standing import standing_of
from kernel.tenancy import TenantContext, activate
from tests.kernel.people import (
    BY,
    PASSWORD,
    actor,
    person,
    plain_role,
    role,
    without_other_administrators,
)

CENTRE, HARBOUR = uuid4(), uuid4()
FRESH = "another-calm-river-2031"


def path_of(link: str) -> str:
    """The path of an absolute link."""
    return "/" + link.split("://", 1)[1].split("/", 1)[1]


# --- roles ----------------------------------------------------------------------------------------------------------


def test_nobody_gives_a_role_to_themselves(smile: TenantContext) -> None:
    admin = person("ada.admin", "tenant_admin")

    with pytest.raises(RuleRefused) as refused:
        actions.assign_role(by=actor(admin), user=admin, role=plain_role("till", "identity.view_users"))

    assert refused.value.code == "own_roles"
    assert admin.assignments.count() == 1
    assert AuditEntry.objects.filter(verb="refused", data__code="own_roles", actor_code=admin.code).exists()
    with pytest.raises(RuleRefused):
        actions.withdraw_role(by=actor(admin), assignment=admin.assignments.get())


def test_a_role_holds_at_its_site_and_from_the_next_request(smile: TenantContext) -> None:
    user = person("ben.desk")
    desk = plain_role("desk", "identity.view_users")
    assert not actor(user).can("identity.view_users")

    assignment = actions.assign_role(by=BY, user=user, role=desk, site=CENTRE)

    holder = actor(user)
    assert holder.can("identity.view_users", site=CENTRE)
    assert not holder.can("identity.view_users", site=HARBOUR)
    access.require(holder, "identity.view_users", site=CENTRE)
    with pytest.raises(Forbidden):
        access.require(holder, "identity.view_users", site=HARBOUR)
    with pytest.raises(Conflict):
        actions.assign_role(by=BY, user=user, role=desk, site=CENTRE)

    actions.withdraw_role(by=BY, assignment=assignment)
    assert not actor(user).can("identity.view_users")


def test_an_unknown_word_is_a_mistake_of_ours(smile: TenantContext) -> None:
    with pytest.raises(LookupError):
        access.require(actor(person("ben.desk")), "identity.veiw_users")


def test_accessible_narrows_to_the_sites_of_the_word(smile: TenantContext) -> None:
    desk = plain_role("desk", "identity.view_users")
    here, everywhere, nobody = person("here"), person("everywhere"), person("nobody")
    actions.assign_role(by=BY, user=here, role=desk, site=CENTRE)
    actions.assign_role(by=BY, user=everywhere, role=desk)
    actions.assign_role(by=BY, user=nobody, role=plain_role("other", "identity.manage_users"), site=HARBOUR)
    rows = RoleAssignment.objects.filter(user__in=[here, everywhere, nobody])

    def seen(user: User) -> set[UUID | None]:
        return set(
            access.accessible(rows, actor(user), "identity.view_users", field="site_code").values_list(
                "site_code", flat=True
            )
        )

    assert seen(here) == {CENTRE}
    assert seen(everywhere) == {CENTRE, HARBOUR, None}
    assert actor(everywhere).sites("identity.view_users") is ALL
    assert seen(nobody) == set()


def test_a_head_of_a_site_gives_no_more_than_they_hold_there(smile: TenantContext) -> None:
    head_role = plain_role("head", "identity.assign_roles", "identity.view_users")
    head, newcomer = person("head"), person("newcomer")
    actions.assign_role(by=BY, user=head, role=head_role, site=CENTRE)
    desk = plain_role("desk", "identity.view_users")

    actions.assign_role(by=actor(head), user=newcomer, role=desk, site=CENTRE)
    for given, site, code in (
        (desk, HARBOUR, "permission_denied"),
        (desk, None, "role_beyond_own"),
        (role("tenant_admin"), CENTRE, "role_beyond_own"),
    ):
        with pytest.raises(Forbidden) as refused:
            actions.assign_role(by=actor(head), user=newcomer, role=given, site=site)
        assert refused.value.code == code


def test_the_last_administrator_stays(smile: TenantContext) -> None:
    without_other_administrators()
    first, second = person("first", "tenant_admin"), person("second", "tenant_admin")

    actions.deactivate_user(by=actor(first), user=second, reason="left")
    with pytest.raises(RuleRefused) as refused:
        actions.deactivate_user(by=BY, user=first, reason="left too")
    assert refused.value.code == "last_administrator"
    with pytest.raises(RuleRefused):
        actions.withdraw_role(by=BY, assignment=first.assignments.get())
    with pytest.raises(RuleRefused):
        actions.set_role_words(by=BY, role=role("tenant_admin"), words=["identity.view_users"])


def test_two_administrators_cannot_remove_each_other_at_once(own_database: str, smile: TenantContext) -> None:
    without_other_administrators()
    pair = [person("first", "tenant_admin"), person("second", "tenant_admin")]
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def remove(by: User, whom: User) -> None:
        try:
            with activate(smile):
                acting = actor(by)
                gate.wait()
                actions.deactivate_user(by=acting, user=whom, reason="quarrel")
                outcomes.append("removed")
        except RuleRefused as refused:
            outcomes.append(refused.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=remove, args=pair), threading.Thread(target=remove, args=pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["last_administrator", "removed"]


def test_roles_begin_and_end_by_the_clock(smile: TenantContext, at: Any) -> None:
    at("2026-12-01 09:00")
    user = person("ben.desk")
    desk = plain_role("desk", "identity.view_users")
    actions.assign_role(
        by=BY,
        user=user,
        role=desk,
        starts_at=clock.now() + timedelta(hours=1),
        ends_at=clock.now() + timedelta(hours=2),
    )

    seen = []
    for moment in ("2026-12-01 09:59", "2026-12-01 10:00", "2026-12-01 10:59", "2026-12-01 11:00", "2026-12-01 10:30"):
        at(moment)
        seen.append(actor(user).can("identity.view_users"))

    assert seen == [False, True, True, False, True]


def test_synchronising_roles_twice_changes_nothing_and_keeps_what_the_tenant_edited(smile: TenantContext) -> None:
    assert actions.sync_roles(by=BY) == 0
    admin = role("tenant_admin")
    actions.set_role_words(
        by=BY,
        role=admin,
        words={"identity.view_users", "identity.manage_users", "identity.assign_roles", "identity.edit_roles"},
    )
    billing = role("billing_admin")
    actions.set_role_words(by=BY, role=billing, words={"identity.view_users"})
    RolePermission.objects.create(role=billing, word="gone.word")
    RolePermission.objects.filter(role=admin, word="identity.manage_users").delete()

    changes = actions.sync_roles(by=BY)

    assert changes == 2
    words = set(admin.permissions.filter(granted=True).values_list("word", flat=True))
    assert "identity.appoint_deputy" not in words
    assert "identity.manage_users" in words
    kept = set(billing.permissions.filter(edited=True, granted=True).values_list("word", flat=True))
    assert kept == {"identity.view_users"}
    assert not billing.permissions.filter(word="gone.word").exists()
    assert actions.sync_roles(by=BY) == 0


def test_nobody_edits_a_role_they_hold_and_no_declared_factor_is_dropped(smile: TenantContext) -> None:
    admin = actor(person("ada.admin", "tenant_admin"))

    with pytest.raises(RuleRefused) as own:
        actions.set_role_words(by=admin, role=role("tenant_admin"), words=["identity.view_users"])
    assert own.value.code == "own_role"
    with pytest.raises(RuleRefused) as factor:
        actions.set_role_words(by=admin, role=role("billing_admin"), words=[], requires_mfa=False)
    assert factor.value.code == "second_factor_declared"
    with pytest.raises(Malformed):
        actions.set_role_words(by=admin, role=role("billing_admin"), words=["platform.everything"])


def test_words_of_a_room_that_is_off_sleep(smile: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    from kernel import registry

    user = person("ben.desk")
    actions.assign_role(by=BY, user=user, role=plain_role("desk", "identity.view_users", "identity.manage_users"))
    assert actor(user).can("identity.manage_users")

    awake = {word: label for word, label in registry.permissions().items() if word != "identity.manage_users"}
    monkeypatch.setattr(registry, "permissions", lambda tenant=None: awake)
    User.objects.filter(pk=user.pk).update(access_stamp=uuid4())

    assert not actor(user).can("identity.manage_users")
    assert actor(user).can("identity.view_users")


def test_words_and_roles_of_the_declarations_exist(smile: TenantContext) -> None:
    declared = set(Role.objects.exclude(room="").values_list("slug", flat=True))
    assert {"tenant_admin", "billing_admin"} <= declared
    assert "hq_analyst" not in declared
    assert PASSWORD


# --- deputies -------------------------------------------------------------------------------------------------------


def test_a_deputy_acts_in_the_role_at_the_sites_and_days_agreed(smile: TenantContext, at: Any) -> None:
    at("2026-12-01 09:00")
    gao, su = person("ada.admin"), person("sam.second")
    head = plain_role("head", "identity.manage_users", requires_mfa=True)
    actions.assign_role(by=BY, user=gao, role=head, site=CENTRE)
    begin = clock.now() + timedelta(days=1)

    appointed = actions.appoint_deputy(
        by=BY, principal=gao, deputy=su, role=head, starts_at=begin, ends_at=begin + timedelta(days=2), reason="leave"
    )

    assert not actor(su).can("identity.manage_users")
    at("2026-12-02 09:00")
    standing_in = actor(su)
    assert standing_in.can("identity.manage_users", site=CENTRE)
    assert not standing_in.can("identity.manage_users", site=HARBOUR)
    assert standing_in.deputy_for == {gao.code}
    assert standing_of(User.objects.get(pk=su.pk)).needs_second_factor
    assert list(selectors.holders_of("head", site=CENTRE).order_by("username")) == [gao, su]
    at("2026-12-04 09:00")
    assert not actor(su).can("identity.manage_users")

    at("2026-12-03 09:00")
    actions.end_deputy(by=BY, appointed=appointed)
    assert not actor(su).can("identity.manage_users")


def test_a_deputy_loses_the_role_with_the_principal(smile: TenantContext) -> None:
    gao, su = person("ada.admin"), person("sam.second")
    head = plain_role("head", "identity.manage_users")
    held = actions.assign_role(by=BY, user=gao, role=head)
    actions.appoint_deputy(
        by=BY,
        principal=gao,
        deputy=su,
        role=head,
        starts_at=clock.now(),
        ends_at=clock.now() + timedelta(days=2),
        reason="x",
    )
    assert actor(su).can("identity.manage_users")

    actions.withdraw_role(by=BY, assignment=held)

    assert not actor(su).can("identity.manage_users")


def test_who_may_appoint_a_deputy(smile: TenantContext) -> None:
    own = plain_role("own", "identity.appoint_deputy")
    head = plain_role("head", "identity.manage_users")
    gao, su, ren = person("ada.admin"), person("sam.second"), person("rob.third")
    for user in (gao, su):
        actions.assign_role(by=BY, user=user, role=own)
    actions.assign_role(by=BY, user=gao, role=head)
    span = {"starts_at": clock.now(), "ends_at": clock.now() + timedelta(days=1), "reason": "leave"}

    for by, principal, deputy, code in (
        (su, gao, su, "own_deputy"),
        (su, gao, ren, "permission_denied"),
        (gao, gao, gao, "own_deputy"),
        (su, su, ren, "role_not_held"),
    ):
        with pytest.raises((RuleRefused, Forbidden)) as refused:
            actions.appoint_deputy(by=actor(by), principal=principal, deputy=deputy, role=head, **span)
        assert refused.value.code == code
    actions.appoint_deputy(by=actor(gao), principal=gao, deputy=ren, role=head, **span)
    with pytest.raises(Conflict):
        actions.appoint_deputy(by=actor(gao), principal=gao, deputy=ren, role=head, **span)
