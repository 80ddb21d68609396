"""Signing in: what opens the door, what keeps it shut, and that nobody outside can tell the reasons apart."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connections

from kernel import limits
from kernel.audit.models import AuditEntry
from kernel.identity import actions, sessions
from kernel.identity.models import Session
from kernel.tenancy import TenantContext, activate
from tests.kernel.people import BY, PASSWORD, browser, code, elsewhere, is_signed_in, person, sign_in, signed_in


@pytest.fixture(autouse=True)
def no_counters() -> None:
    """Counters of one test are no business of the next."""
    limits._store().flushdb()
    limits._here._tries.clear()


def test_the_right_name_and_password_open_a_session(smile: TenantContext) -> None:
    user = person("cora.plain")
    client = browser(smile)

    answer = sign_in(client, "cora.plain")

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)
    session = Session.objects.get(user=user)
    cookie = client.cookies["session"].value
    assert session.session_key == sessions.row_key(cookie)
    assert cookie not in session.session_key
    user.refresh_from_db()
    assert user.signed_in_at is not None
    assert AuditEntry.objects.filter(verb="identity.signed_in", actor_code=user.code).exists()


def test_every_spelling_of_a_name_is_the_same_person(smile: TenantContext) -> None:
    person("cora.plain")

    for spelling in ("Cora.Plain", "ＣＯＲＡ．ＰＬＡＩＮ", " cora.plain ", "cora\u200b.plain"):
        assert sign_in(browser(smile), spelling).status_code == 302, spelling


def test_unknown_wrong_and_closed_accounts_look_alike(smile: TenantContext) -> None:
    person("cora.plain")
    closed = person("gone")
    actions.deactivate_user(by=BY, user=closed, reason="left")

    answers = [
        sign_in(browser(smile), *attempt)
        for attempt in (("cora.plain", "wrong-password-99"), ("nobody.here", PASSWORD), ("gone", PASSWORD))
    ]

    def said(answer: object) -> tuple[int, list[str]]:
        return answer.status_code, [str(error) for error in answer.context["form"].non_field_errors()]  # type: ignore[attr-defined]

    assert said(answers[0]) == said(answers[1]) == said(answers[2])
    assert answers[0].status_code == 200
    whys = AuditEntry.objects.filter(verb="identity.sign_in_refused").values_list("data__why", flat=True)
    assert set(whys) == {"wrong_credentials"}


def test_the_session_key_changes_at_sign_in_and_the_old_one_is_dead(smile: TenantContext) -> None:
    person("cora.plain")
    client = browser(smile)
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "before"
    session.save()
    client.cookies["session"] = session.session_key
    before = client.cookies["session"].value

    sign_in(client, "cora.plain")

    assert client.cookies["session"].value != before
    thief = browser(smile)
    thief.cookies["session"] = before
    assert not is_signed_in(thief)


def test_ten_wrong_passwords_close_the_name_for_the_right_one_too(smile: TenantContext) -> None:
    person("cora.plain")
    for number in range(10):
        # Neither spelling nor address nor browser gives a fresh set of tries.
        spelling = ("cora.plain", "CORA.PLAIN", "ｃｏｒａ.plain")[number % 3]
        sign_in(
            browser(smile),
            spelling,
            f"wrong-password-{number}",
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number}",
            HTTP_USER_AGENT=f"agent {number}",
        )

    answer = sign_in(browser(smile), "cora.plain")

    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert AuditEntry.objects.filter(verb="identity.sign_in_refused", data__why="limit_reached").exists()


def test_a_lock_stays_in_its_tenant_and_spares_colleagues_at_the_same_address(
    smile: TenantContext, willow: TenantContext
) -> None:
    with activate(smile):
        person("cora.plain")
        person("ben.desk")
    with activate(willow):
        person("cora.plain")
    for number in range(10):
        sign_in(browser(smile), "cora.plain", f"wrong-password-{number}")

    assert sign_in(browser(smile), "cora.plain").status_code == 200
    assert sign_in(browser(willow), "cora.plain").status_code == 302
    assert sign_in(browser(smile), "ben.desk").status_code == 302


def test_successful_sign_ins_use_up_no_tries(smile: TenantContext) -> None:
    person("cora.plain")

    for _number in range(14):
        assert sign_in(browser(smile), "cora.plain").status_code == 302


def test_parallel_guesses_are_counted_exactly(own_database: str, smile: TenantContext) -> None:
    user = person("cora.plain")
    evaluated: list[bool] = []
    gate = threading.Barrier(40)

    def guess(number: int) -> None:
        from django.test import RequestFactory

        from kernel.errors import LimitReached
        from kernel.identity.sign_in import check_password

        try:
            with activate(smile):
                gate.wait()
                check_password(RequestFactory().post("/"), user.username, f"wrong-password-{number}")
                evaluated.append(True)
        except LimitReached:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(evaluated) == 10


def test_a_session_of_one_tenant_is_nothing_in_another(smile: TenantContext, willow: TenantContext) -> None:
    with activate(smile):
        user = person("cora.plain")
    with activate(willow):
        person("cora.plain")
    at_home = signed_in(user, smile)

    stranger = browser(willow)
    stranger.cookies["session"] = at_home.cookies["session"].value

    assert is_signed_in(at_home)
    assert not is_signed_in(stranger)


def test_a_session_row_that_was_copied_into_another_tenant_is_refused(
    smile: TenantContext, willow: TenantContext
) -> None:
    """What a wrong search path or a restored backup could bring about."""
    with activate(smile):
        at_home = signed_in(person("cora.plain"), smile)
        copy = Session.objects.get(user__username="cora.plain")
    with activate(willow):
        twin = person("cora.plain")
        Session.objects.create(
            session_key=copy.session_key, session_data=copy.session_data, expire_date=copy.expire_date, user=twin
        )
        stranger = browser(willow)
        stranger.cookies["session"] = at_home.cookies["session"].value

        assert not is_signed_in(stranger)
        assert not Session.objects.filter(user=twin).exists()


def test_deactivation_ends_sessions_with_the_next_request(smile: TenantContext) -> None:
    user = person("cora.plain")
    desk, phone = signed_in(user, smile), signed_in(user, smile)
    assert is_signed_in(desk)
    assert is_signed_in(phone)

    actions.deactivate_user(by=BY, user=user, reason="left the clinic")

    assert not is_signed_in(desk)
    assert not is_signed_in(phone)
    assert sign_in(browser(smile), "cora.plain").status_code == 200


def test_the_epoch_ends_a_session_that_a_race_wrote_back(smile: TenantContext) -> None:
    user = person("cora.plain")
    client = signed_in(user, smile)
    kept = Session.objects.get(user=user)

    actions.end_sessions(by=BY, user=user)
    kept.save(force_insert=True)

    assert not is_signed_in(client)


def _age(client: object, seconds: int, *names: str) -> None:
    session = client.session  # type: ignore[attr-defined]
    for name in names:
        session[name] = sessions.machine_seconds() - seconds
    session.save()


def test_idle_and_absolute_end_of_a_session(smile: TenantContext, settings: object) -> None:
    settings.SESSION_IDLE_MINUTES, settings.SESSION_ABSOLUTE_HOURS = 15, 12  # type: ignore[attr-defined]
    user = person("cora.plain")

    fresh = signed_in(user, smile)
    _age(fresh, 14 * 60, sessions.SEEN)
    assert is_signed_in(fresh)

    idle = signed_in(user, smile)
    _age(idle, 15 * 60 + 1, sessions.SEEN)
    assert not is_signed_in(idle)

    old = signed_in(user, smile)
    _age(old, 12 * 3600 + 1, sessions.SIGNED_IN)
    assert not is_signed_in(old)


def test_a_board_that_polls_keeps_nobody_signed_in(smile: TenantContext, settings: object) -> None:
    settings.SESSION_IDLE_MINUTES = 15  # type: ignore[attr-defined]
    client = signed_in(person("cora.plain"), smile)
    _age(client, 10 * 60, sessions.SEEN)

    client.get("/accounts/security/", headers={"X-Poll": "1"})
    assert sessions.machine_seconds() - client.session[sessions.SEEN] >= 600

    client.get("/accounts/security/")
    assert sessions.machine_seconds() - client.session[sessions.SEEN] < 60


def test_moving_the_demos_clock_signs_nobody_out(smile: TenantContext, at: object) -> None:
    at("2026-12-01 08:00")  # type: ignore[operator]
    client = signed_in(person("cora.plain"), smile)

    at("2026-12-02 19:00")  # type: ignore[operator]

    assert is_signed_in(client)


def test_steady_state_costs_two_queries(smile: TenantContext, django_assert_num_queries: object) -> None:
    client = signed_in(person("cora.plain", "tenant_admin", second_factor=True), smile, second_factor=True)
    client.get("/api/v1/auth/me/")

    with django_assert_num_queries(2) as asked:  # type: ignore[operator]
        assert client.get("/api/v1/auth/me/").status_code == 200
    assert not [query for query in asked.captured_queries if "roleassignment" in query["sql"]]


# --- second factor --------------------------------------------------------------------------------------------------


def test_a_role_that_demands_a_second_factor_lets_nowhere_else(smile: TenantContext) -> None:
    client = signed_in(person("ada.admin", "tenant_admin"), smile)

    for path in ("/people/", "/accounts/security/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/second-factor/set-up/"), path
    refusal = client.get("/api/v1/auth/me/")
    assert (refusal.status_code, refusal.json()["code"]) == (403, "second_factor_required")
    assert client.get("/accounts/second-factor/set-up/").status_code == 200


def test_setting_up_the_app_opens_the_rest(smile: TenantContext, django_capture_on_commit_callbacks: object) -> None:
    user = person("ada.admin", "tenant_admin")
    client = signed_in(user, smile)
    secret = client.get("/accounts/second-factor/set-up/").context["form"].secret

    wrong = client.post("/accounts/second-factor/set-up/", {"code": "000000"})
    assert wrong.context["form"].errors
    secret = client.session["mfa.totp.secret"]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = client.post("/accounts/second-factor/set-up/", {"code": code(secret)})

    assert answer["Location"] == "/accounts/second-factor/recovery-codes/"
    assert client.get("/people/").status_code == 200
    stored = user.authenticator_set.get(type="totp").data["secret"]
    assert secret not in stored
    assert stored.startswith("e1:")
    assert AuditEntry.objects.filter(verb="identity.second_factor_added", target_code=user.code).exists()


def test_sign_in_asks_for_the_code_and_takes_each_once(smile: TenantContext) -> None:
    user = person("ada.admin", "tenant_admin", second_factor=True)
    client = browser(smile)
    assert sign_in(client, "ada.admin")["Location"] == "/accounts/second-factor/"
    assert not is_signed_in(client)

    shown = code()
    assert client.post("/accounts/second-factor/", {"code": shown})["Location"] == "/"
    assert is_signed_in(client)

    again = browser(smile)
    sign_in(again, user.username)
    replay = again.post("/accounts/second-factor/", {"code": shown})
    assert replay.status_code == 200
    assert replay.context["form"].errors
    assert not is_signed_in(again)


def test_five_wrong_codes_close_the_second_step(smile: TenantContext) -> None:
    person("ada.admin", "tenant_admin", second_factor=True)
    client = browser(smile)
    sign_in(client, "ada.admin")
    for number in range(5):
        client.post("/accounts/second-factor/", {"code": f"00000{number}"})

    answer = client.post("/accounts/second-factor/", {"code": code()})

    assert answer.status_code == 200
    assert not is_signed_in(client)


def test_a_recovery_code_works_once(smile: TenantContext) -> None:
    user = person("ada.admin", "tenant_admin", second_factor=True)
    recovery = user.authenticator_set.get(type="recovery_codes").wrap().get_unused_codes()[0]
    client = browser(smile)
    sign_in(client, "ada.admin")
    assert client.post("/accounts/second-factor/", {"code": recovery}).status_code == 302

    again = browser(smile)
    sign_in(again, "ada.admin")
    assert again.post("/accounts/second-factor/", {"code": recovery}).status_code == 200


def test_whoever_needs_the_factor_cannot_remove_it_alone(smile: TenantContext) -> None:
    user = person("ada.admin", "tenant_admin", second_factor=True)
    client = signed_in(user, smile, second_factor=True)

    answer = client.post("/accounts/second-factor/remove/")

    assert answer.status_code == 200
    assert user.authenticator_set.filter(type="totp").exists()


# --- passwords ------------------------------------------------------------------------------------------------------


def test_changing_the_password_keeps_this_session_and_ends_all_others(smile: TenantContext) -> None:
    user = person("cora.plain")
    here, there = signed_in(user, smile), signed_in(user, smile)
    fresh = "another-calm-river-2031"

    refused = here.post("/accounts/password/change/", {"password": "wrong", "password1": fresh, "password2": fresh})
    assert refused.status_code == 422
    answer = here.post("/accounts/password/change/", {"password": PASSWORD, "password1": fresh, "password2": fresh})

    assert answer.status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert sign_in(browser(smile), "cora.plain").status_code == 200
    assert sign_in(browser(smile), "cora.plain", fresh).status_code == 302


def test_a_password_chosen_by_others_is_changed_first(smile: TenantContext) -> None:
    client = signed_in(person("cora.plain", must_change_password=True), smile)

    assert client.get("/accounts/security/")["Location"] == "/accounts/password/change/"
    fresh = "another-calm-river-2031"
    client.post("/accounts/password/change/", {"password": PASSWORD, "password1": fresh, "password2": fresh})
    assert is_signed_in(client)


def test_forgotten_password_says_the_same_to_everybody_and_the_link_works_once(smile: TenantContext) -> None:
    from kernel.identity.handlers import send_reset_link
    from kernel.messaging.models import Message
    from kernel.outbox.models import OutboxEvent

    user = person("cora.plain", email="cora.plain@smile.example")
    before = signed_in(user, smile)
    known = browser(smile).post("/accounts/password/reset/", {"email": "Cora.Plain@smile.example"})
    unknown = browser(smile).post("/accounts/password/reset/", {"email": "who.ever@smile.example"})
    assert known.status_code == unknown.status_code == 200
    said = [answer.content.decode().split("<main", 1)[1].split("</main>")[0].lower() for answer in (known, unknown)]
    assert said[0].replace("cora.plain", "who.ever") == said[1]

    class Asked:
        def __init__(self, payload: dict[str, str]) -> None:
            self.payload = payload

    for event in OutboxEvent.objects.filter(type="identity.password_reset_asked"):
        send_reset_link(Asked(event.payload))  # type: ignore[arg-type]
    message = Message.objects.get()
    link = next(part for part in message.body.split() if part.startswith("http"))
    path = link.split("localhost", 1)[1]

    fresh = "another-calm-river-2031"
    assert browser("willow").get(path).status_code == 404
    page = browser(smile)
    assert page.get(path).status_code == 200
    assert page.post(path, {"password1": "short", "password2": "short"}).status_code == 422
    assert page.post(path, {"password1": fresh, "password2": fresh}).status_code == 303
    assert page.get(path).status_code == 404
    assert not is_signed_in(before)
    assert sign_in(browser(smile), "cora.plain", fresh).status_code == 302


# --- confirming -----------------------------------------------------------------------------------------------------


def test_signatures_need_a_recent_proof(smile: TenantContext) -> None:
    admin = person("ada.admin", "tenant_admin", second_factor=True)
    other = person("cora.plain")
    client = signed_in(admin, smile, second_factor=True)
    path = f"/people/{other.code}/roles/"
    _age(client, 6 * 60, sessions.CONFIRMED, sessions.CONFIRMED_BY_SECOND)

    refused = client.post(path, {"role": "billing_admin"})
    assert refused.status_code == 403
    assert b"/accounts/second-factor/confirm/" in refused.content
    assert not other.assignments.exists()

    # A password alone does not confirm what the second factor must.
    limits._store().flushdb()
    client.post("/accounts/second-factor/confirm/", {"code": code(steps=1)})
    assert client.post(path, {"role": "billing_admin"}).status_code == 303
    assert other.assignments.filter(role__slug="billing_admin").exists()


def test_demo_sign_in_exists_in_the_demo_only(smile: TenantContext, settings: object, tmp_path: object) -> None:
    import json

    person("ada.admin", "tenant_admin", second_factor=True)
    cast = {
        "users": [
            {"tenant": "smile", "username": "ada.admin", "password": "x", "role": "tenant_admin", "totp_secret": None}
        ]
    }
    path = tmp_path / "demo.json"  # type: ignore[operator]
    path.write_text(json.dumps(cast))
    settings.DEMO_FILE = path  # type: ignore[attr-defined]

    settings.DEMO = False  # type: ignore[attr-defined]
    assert browser(smile).get("/accounts/demo/").status_code == 404
    assert browser(smile).post("/accounts/demo/", {"username": "ada.admin"}).status_code == 404

    settings.DEMO = True  # type: ignore[attr-defined]
    client = browser(smile)
    assert b"ada.admin" in client.get("/accounts/demo/").content
    assert client.post("/accounts/demo/", {"username": "somebody.else"}).status_code == 404
    assert client.post("/accounts/demo/", {"username": "ada.admin"}).status_code == 303
    assert client.get("/people/").status_code == 200


def test_sign_up_is_not_offered(smile: TenantContext) -> None:
    assert browser(smile).get("/accounts/signup/").status_code == 404


def test_limits_go_on_without_the_store(smile: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    from kernel.errors import LimitReached
    from kernel.limits import Limit

    def away() -> redis.Redis:
        raise redis.ConnectionError

    monkeypatch.setattr(limits, "_store", away)
    monkeypatch.setattr(limits, "_script", away)
    three = Limit("three", 3, 60)

    for _number in range(3):
        limits.consume((three, "somebody"))
    with pytest.raises(LimitReached) as refused:
        limits.consume((three, "somebody"))
    assert 1 <= refused.value.facts["retry_after"] <= 60
    assert limits.first_use("code", "123456", seconds=30)
    assert not limits.first_use("code", "123456", seconds=30)


def test_flow_limits_refill(smile: TenantContext) -> None:
    from kernel.errors import LimitReached
    from kernel.limits import Limit

    five_a_second = Limit("flow", 5, 1, flow=True)
    for _number in range(5):
        limits.consume((five_a_second, "caller"))
    with pytest.raises(LimitReached):
        limits.consume((five_a_second, "caller"))
    time.sleep(0.45)
    limits.consume((five_a_second, "caller"), (five_a_second, "another"))


def test_somewhere_else_helper_leaves_the_tenant_as_it_was(smile: TenantContext) -> None:
    with elsewhere("willow") as other:
        assert other.slug == "willow"
