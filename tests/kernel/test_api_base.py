"""The base of the API: problems, strict input, filters, versions, idempotency, limits, description."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from kernel import limits
from kernel.api.idempotency import purge
from kernel.api.models import IdempotencyRecord
from kernel.audit.models import AuditEntry
from kernel.identity.models import Role, User
from kernel.tenancy import TenantContext, activate
from tests.kernel import api_probe
from tests.kernel.people import browser, person, plain_role, signed_in

THINGS = "/api/v1/probe/things/"


@pytest.fixture(autouse=True)
def probe(settings: Any) -> None:
    """The probe's URLs, and no counters of earlier tests."""
    settings.TENANT_URLCONF_FACTORY = "tests.kernel.api_probe.tenant_urlconf"
    limits._store().flushdb()
    api_probe.PAUSE["seconds"] = 0.0


@pytest.fixture
def editor(smile: TenantContext) -> User:
    """Somebody who may see and edit roles."""
    plain_role("editing", "identity.view_users", "identity.edit_roles")
    return person("editor", "editing")


@pytest.fixture
def api(smile: TenantContext, editor: User) -> Any:
    """The editor's signed-in client."""
    return signed_in(editor, smile)


def post(client: Any, data: Any, path: str = THINGS, **headers: str) -> Any:
    """POST as JSON."""
    body = data if isinstance(data, (str, bytes)) else json.dumps(data)
    return client.post(path, body, content_type="application/json", headers=headers)


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that ``answer`` is the problem document of that refusal."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert {"type", "title", "status", "detail", "code", "errors", "request_id"} <= document.keys()
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"].endswith(code)
    assert document["request_id"] == answer["X-Request-ID"]
    assert document["detail"]
    assert document["title"]
    return document


# --- who may --------------------------------------------------------------------------------------------------------


def test_anonymous_is_401_and_without_the_word_403(smile: TenantContext) -> None:
    answer = browser(smile).get(THINGS)
    refused(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")

    seer = signed_in(person("seer", "seeing") if plain_role("seeing", "identity.view_users") else person("x"), smile)
    assert seer.get(THINGS).status_code == 200
    document = refused(post(seer, {"slug": "new", "name": "New"}), 403, "permission_denied")
    assert document["facts"] == {"permission": "identity.edit_roles"}
    assert not Role.objects.filter(slug="new").exists()


def test_a_view_that_declares_nothing_lets_nobody_in(smile: TenantContext, api: Any) -> None:
    refused(post(api, {}, "/api/v1/probe/forgotten/"), 403, "permission_denied")
    assert api.get("/api/v1/probe/plain/").status_code in (401, 403)


def test_a_public_operation_is_open(smile: TenantContext) -> None:
    assert browser(smile).get("/api/v1/probe/open/").json() == {"kind": "public"}


def test_session_calls_need_the_csrf_token(smile: TenantContext, editor: User) -> None:
    client = browser(smile, enforce_csrf_checks=True)
    with activate(smile):
        client.force_login(editor)

    refused(post(client, {"slug": "new", "name": "New"}), 403, "csrf_failed")

    client.get("/accounts/login/")
    client.get("/accounts/password/change/")
    token = client.cookies["csrf"].value
    assert post(client, {"slug": "new", "name": "New"}, **{"X-CSRFToken": token}).status_code == 201


def test_missing_and_foreign_objects_look_alike(smile: TenantContext, willow: TenantContext) -> None:
    with activate(willow):
        foreign = plain_role("canary-willow").code
    with activate(smile):
        plain_role("editing", "identity.view_users")
        client = signed_in(person("editor", "editing"), smile)
        answers = [client.get(f"{THINGS}{code}/") for code in (foreign, uuid4())]
    documents = [refused(answer, 404, "role_not_found") for answer in answers]
    for document in documents:
        document.pop("request_id")
    assert documents[0] == documents[1]


# --- what goes in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{not json", "malformed"),
        (b'{"slug": "\xff"}', "malformed"),
        ("[" * 100_000, "malformed"),
        ('{"slug": "\\ud800", "name": "x"}', "malformed"),
        ('{"slug": NaN, "name": "x"}', "malformed"),
        ("[]", "validation_error"),
        ("null", "validation_error"),
        ({}, "validation_error"),
        ({"slug": "a", "name": "x" * 41}, "validation_error"),
        ({"slug": "a\u0000b", "name": "x"}, "validation_error"),
        ({"slug": "a\tb", "name": "x"}, "validation_error"),
        ({"slug": "a", "name": "x", "amount": 10**30}, "validation_error"),
        ({"slug": "a", "name": "x", "amount": -1}, "validation_error"),
        ({"slug": "a", "name": "x", "since": "2026-12-01T09:00:00"}, "validation_error"),
        ({"slug": "a", "name": "x", "since": "0001-01-01T00:00:00+14:00"}, "validation_error"),
        ({"slug": "a", "name": "x", "since": "9999-12-31T23:59:59-14:00"}, "validation_error"),
    ],
)
def test_what_cannot_be_understood_is_400(smile: TenantContext, api: Any, body: Any, code: str) -> None:
    refused(post(api, body), 400, code)


@pytest.mark.parametrize("field", ["code", "version", "requires_mfa", "tenant", "is_staff", "id", "pk", "created_by"])
def test_unknown_and_read_only_fields_are_refused(smile: TenantContext, api: Any, field: str) -> None:
    document = refused(post(api, {"slug": "a", "name": "x", field: "1"}), 400, "validation_error")
    assert list(document["errors"]) == [field]
    assert not Role.objects.filter(slug="a").exists()


def test_only_json_is_read(smile: TenantContext, api: Any) -> None:
    refused(api.post(THINGS, {"slug": "a", "name": "x"}), 415, "unsupported_media_type")
    for method in (api.put, api.delete, api.options, api.trace):
        refused(method(THINGS), 405, "method_not_allowed")


def test_errors_name_nested_fields() -> None:
    from kernel.api.problems import flatten

    detail = {"lines": [{}, {"amount": ["Too much."]}], "non_field_errors": ["Both."], "name": ["Missing.", "Short."]}
    assert flatten(detail) == {
        "lines.1.amount": ["Too much."],
        "non_field_errors": ["Both."],
        "name": ["Missing.", "Short."],
    }


def test_a_refusal_by_a_rule_changes_nothing_and_is_audited(smile: TenantContext, api: Any) -> None:
    document = refused(post(api, {"slug": "forbidden-1", "name": "x"}), 422, "slug_forbidden")

    assert document["facts"] == {"slug": "forbidden-1"}
    assert not Role.objects.filter(slug="forbidden-1").exists()
    entry = AuditEntry.objects.get(verb="refused", data__code="slug_forbidden")
    assert entry.request_id == document["request_id"]


def test_a_failure_is_a_document_that_tells_nothing(smile: TenantContext, api: Any) -> None:
    api.raise_request_exception = False

    answer = api.get("/api/v1/probe/broken/")

    refused(answer, 500, "internal_error")
    assert "王小明" not in answer.content.decode()
    assert "13812345678" not in answer.content.decode()


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(smile: TenantContext) -> None:
    """More roles than a page holds."""
    Role.objects.bulk_create(Role(slug=f"many-{number:03d}", name=f"Many {number}") for number in range(130))


def test_pages_are_capped(smile: TenantContext, api: Any, many: None) -> None:
    first = api.get(f"{THINGS}?q=many").json()
    assert (first["count"], first["page"], first["page_size"], first["pages"]) == (130, 1, 50, 3)
    assert [row["slug"] for row in first["results"]][:2] == ["many-000", "many-001"]
    assert len(api.get(f"{THINGS}?q=many&page_size=100000").json()["results"]) == 100
    assert api.get(f"{THINGS}?q=many&page=3").json()["results"][-1]["slug"] == "many-129"
    assert api.get(f"{THINGS}?q=many&page=4").json()["results"] == []


def test_a_list_costs_the_same_however_long_it_is(
    smile: TenantContext, api: Any, many: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    api.get(f"{THINGS}?q=many&page_size=1")
    for size in (1, 100):
        with django_assert_num_queries(4):
            api.get(f"{THINGS}?q=many&page_size={size}")


def test_filters_and_ordering_are_a_white_list(smile: TenantContext, api: Any, many: None) -> None:
    role = Role.objects.get(slug="many-007")

    def slugs(query: str) -> list[str]:
        return [row["slug"] for row in api.get(f"{THINGS}?{query}").json()["results"]]

    assert slugs(f"code={role.code}") == ["many-007"]
    assert slugs("q=many&ordering=-slug")[0] == "many-129"
    assert "tenant_admin" in slugs("kind=declared")
    assert "tenant_admin" not in slugs("kind=own&page_size=100")
    assert slugs("strict=true&q=tenant_admin") == ["tenant_admin"]
    for query, field in (
        ("slug=many-007", "slug"),
        ("_connector=OR", "_connector"),
        ("ordering=requires_mfa", "ordering"),
        ("ordering=--slug", "ordering"),
        ("code=7", "code"),
        ("kind=all", "kind"),
        ("least=0", "least"),
        ("least=99999999999999999999", "least"),
        ("strict=maybe", "strict"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("q=%00", "q"),
    ):
        document = api.get(f"{THINGS}?{query}").json()
        assert (document["status"], list(document["errors"])) == (400, [field]), query


# --- versions -------------------------------------------------------------------------------------------------------


def test_changes_compare_the_version_that_was_seen(smile: TenantContext, api: Any) -> None:
    role = plain_role("desk")
    path = f"{THINGS}{role.code}/"
    tag = api.get(path)["ETag"]
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 304

    def patch(name: str, **headers: str) -> Any:
        return api.patch(path, json.dumps({"name": name}), content_type="application/json", headers=headers)

    refused(patch("No version"), 400, "if_match_required")
    fresh = patch("First", **{"If-Match": tag})
    assert fresh.status_code == 200
    assert fresh["ETag"] != tag
    for header in (tag, '"abc"', "*", f'"{uuid4().hex}-1"'):
        refused(patch("Lost update", **{"If-Match": header}), 412, "stale_version")
    assert Role.objects.get(pk=role.pk).name == "First"


def test_concurrent_edits_lose_nothing(own_database: str, smile: TenantContext) -> None:
    plain_role("editing", "identity.view_users", "identity.edit_roles")
    editor = person("editor", "editing")
    role = plain_role("desk")
    client = signed_in(editor, smile)
    path = f"{THINGS}{role.code}/"
    tag = client.get(path)["ETag"]
    cookie = client.cookies["session"].value
    outcomes: list[int] = []
    gate = threading.Barrier(6)

    def edit(number: int) -> None:
        try:
            mine = browser(smile)
            mine.cookies["session"] = cookie
            gate.wait()
            answer = mine.patch(
                path, json.dumps({"name": f"n{number}"}), content_type="application/json", headers={"If-Match": tag}
            )
            outcomes.append(answer.status_code)
        finally:
            connections.close_all()

    _all_at_once(edit, 6)

    assert sorted(outcomes) == [200, 412, 412, 412, 412, 412]
    assert Role.objects.get(pk=role.pk).version == 2


def _all_at_once(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- idempotency ----------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_first_answer_again(smile: TenantContext, api: Any) -> None:
    first = post(api, {"slug": "once", "name": "Once"}, **{"Idempotency-Key": "k-1"})
    again = post(api, '{"name":"Once",   "slug":"once"}', **{"Idempotency-Key": "k-1"})

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first["ETag"] == again["ETag"]
    assert again["Idempotent-Replayed"] == "true"
    assert Role.objects.filter(slug="once").count() == 1


def test_the_same_key_with_another_body_is_422(smile: TenantContext, api: Any) -> None:
    post(api, {"slug": "once", "name": "Once"}, **{"Idempotency-Key": "k-1"})

    refused(post(api, {"slug": "twice", "name": "Twice"}, **{"Idempotency-Key": "k-1"}), 422, "idempotency_key_reused")

    assert not Role.objects.filter(slug="twice").exists()


def test_refusals_are_answers_too(smile: TenantContext, api: Any) -> None:
    key = {"Idempotency-Key": "k-2"}
    first = refused(post(api, {"slug": "forbidden-2", "name": "x"}, **key), 422, "slug_forbidden")

    again = post(api, {"slug": "forbidden-2", "name": "x"}, **key)

    assert again.status_code == 422
    assert again["Content-Type"] == "application/problem+json"
    assert again.json()["code"] == first["code"]
    assert AuditEntry.objects.filter(verb="refused", data__code="slug_forbidden").count() == 1
    assert not Role.objects.filter(slug="forbidden-2").exists()


def test_keys_belong_to_tenant_caller_method_and_path(smile: TenantContext, willow: TenantContext) -> None:
    clients = []
    for tenant, username in ((smile, "mine"), (smile, "theirs"), (willow, "mine")):
        with activate(tenant):
            if not Role.objects.filter(slug="editing").exists():
                plain_role("editing", "identity.view_users", "identity.edit_roles")
            clients.append(signed_in(person(username, "editing"), tenant))

    for number, client in enumerate(clients):
        answer = post(client, {"slug": f"role-{number}", "name": "x"}, **{"Idempotency-Key": "k-3"})
        assert answer.status_code == 201
    counts = []
    for tenant in (smile, willow):
        with activate(tenant):
            counts.append(IdempotencyRecord.objects.count())
    assert counts == [2, 1]


def test_an_answer_is_sealed_and_forgotten_after_three_days(smile: TenantContext, api: Any, at: Any) -> None:
    from django.db import connection

    at("2026-12-01 09:00")
    post(api, {"slug": "canary-slug", "name": "Canary"}, **{"Idempotency-Key": "k-4"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(r)::text FROM api_idempotencyrecord r")
        assert "canary" not in cursor.fetchone()[0].lower()

    moment = at("2026-12-03 09:00")
    purge(moment.date())
    assert IdempotencyRecord.objects.count() == 1
    moment = at("2026-12-04 09:01")
    purge(moment.date())
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 201, "naïve"])
def test_impossible_keys_are_400(smile: TenantContext, api: Any, key: str) -> None:
    answer = api.post(
        THINGS, json.dumps({"slug": "a", "name": "b"}), content_type="application/json", HTTP_IDEMPOTENCY_KEY=key
    )
    refused(answer, 400, "invalid_idempotency_key")


def test_one_key_in_parallel_has_one_effect(own_database: str, smile: TenantContext) -> None:
    plain_role("editing", "identity.view_users", "identity.edit_roles")
    cookie = signed_in(person("editor", "editing"), smile).cookies["session"].value
    api_probe.PAUSE["seconds"] = 0.3
    answers: list[Any] = []
    gate = threading.Barrier(8)

    def call(number: int) -> None:
        try:
            mine = browser(smile)
            mine.cookies["session"] = cookie
            gate.wait()
            answers.append(post(mine, {"slug": "once", "name": "Once"}, **{"Idempotency-Key": "parallel"}))
        finally:
            connections.close_all()

    _all_at_once(call, 8)

    assert Role.objects.filter(slug="once").count() == 1
    created = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert len(created) >= 1
    assert len(created) + len(waiting) == 8
    assert {answer.content for answer in created} == {created[0].content}
    assert {answer.json()["code"] for answer in waiting} <= {"idempotency_key_in_flight"}


def test_a_call_that_died_half_way_can_be_repeated(own_database: str, smile: TenantContext) -> None:
    """The record of the key stands there, no answer and no lock: as after a killed process."""
    plain_role("editing", "identity.view_users", "identity.edit_roles")
    client = signed_in(person("editor", "editing"), smile)
    client.raise_request_exception = False
    original = api_probe.actions.create_role

    def die(**kwargs: Any) -> Role:
        original(**kwargs)
        raise MemoryError

    api_probe.actions.create_role = die
    try:
        assert post(client, {"slug": "once", "name": "Once"}, **{"Idempotency-Key": "k-5"}).status_code == 500
    finally:
        api_probe.actions.create_role = original
    assert not Role.objects.filter(slug="once").exists()

    assert post(client, {"slug": "once", "name": "Once"}, **{"Idempotency-Key": "k-5"}).status_code == 201
    assert Role.objects.filter(slug="once").count() == 1


# --- limits ---------------------------------------------------------------------------------------------------------


def test_too_many_calls_are_429_with_retry_after(smile: TenantContext, api: Any) -> None:
    for _number in range(2):
        assert post(api, {}, "/api/v1/probe/broken/").status_code == 201

    answer = post(api, {}, "/api/v1/probe/broken/")

    refused(answer, 429, "limit_reached")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert post(signed_in(person("another"), smile), {}, "/api/v1/probe/broken/").status_code == 201


# --- description ----------------------------------------------------------------------------------------------------


def test_the_description_lists_every_operation_with_its_problems(smile: TenantContext) -> None:
    answer = browser(smile).get("/api/schema/")
    document = answer.json()

    assert document["openapi"].startswith("3.1")
    assert "/api/v1/probe/things/" in document["paths"]
    assert "/api/v1/auth/token/" in document["paths"]
    assert "/api/v1/auth/token" not in document["paths"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"400", "401", "403", "404", "409", "412", "422", "429"} <= operation["responses"].keys(), (
                path,
                method,
            )
    listing = document["paths"]["/api/v1/probe/things/"]
    assert listing["get"]["operationId"] == "probe_things_list"
    page = listing["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert page == {"$ref": "#/components/schemas/RolePage"}
    names = {parameter["name"] for parameter in listing["get"]["parameters"]}
    assert {"q", "strict", "code", "kind", "least", "ordering", "page", "page_size"} <= names
    assert "Idempotency-Key" in {parameter["name"] for parameter in listing["post"]["parameters"]}
    assert listing["post"]["responses"]["201"]
    assert document["components"]["schemas"]["RoleInRequest"]["additionalProperties"] is False
    one = document["paths"]["/api/v1/probe/things/{code}/"]["patch"]
    assert {"name": "If-Match", "required": True}.items() <= next(
        parameter for parameter in one["parameters"] if parameter["name"] == "If-Match"
    ).items()
    assert one["security"] == [{"deviceToken": []}, {"session": []}]
    assert "security" not in document["paths"]["/api/v1/auth/token/"]["post"]
    same = browser(smile).get("/api/schema/", headers={"If-None-Match": answer["ETag"]})
    assert same.status_code == 304
    assert browser(smile).get("/api/schema/?format=yaml").content.startswith(b"openapi: 3.1")


def test_the_documentation_pages_have_their_own_policy(smile: TenantContext) -> None:
    answer = browser(smile).get("/api/docs/")

    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy + ";"
    assert "unsafe-inline" not in browser(smile).get("/accounts/login/")["Content-Security-Policy"]


# --- declarations ---------------------------------------------------------------------------------------------------


def test_undeclared_views_are_found(smile: TenantContext) -> None:
    from kernel import registry
    from kernel.api.checks import undeclared_in

    words = frozenset(registry.all_permissions())
    found = undeclared_in(api_probe.tenant_urlconf("business", frozenset()), words=words)

    assert {entry.route.rpartition("probe/")[2]: entry.why for entry in found} == {
        "forgotten/": "no permission for POST",
        "misspelt/": "no room declares identity.veiw_users",
        "plain/": "no permission for GET",
        "bare/": "neither a permission nor a reason for being open",
    }


def test_start_up_fails_on_an_undeclared_view(smile: TenantContext, settings: Any) -> None:
    from django.core.checks import Tags, run_checks
    from django.core.exceptions import ImproperlyConfigured

    from kernel.api.checks import refuse_undeclared

    assert "api.E001" in {problem.id for problem in run_checks(tags=[Tags.security])}
    with pytest.raises(ImproperlyConfigured, match="forgotten"):
        refuse_undeclared()


def test_the_product_itself_declares_everything(smile: TenantContext, settings: Any) -> None:
    from kernel.api.checks import undeclared_views

    settings.TENANT_URLCONF_FACTORY = "config.urls.tenant_urlconf"
    assert [str(entry) for entry in undeclared_views()] == []
