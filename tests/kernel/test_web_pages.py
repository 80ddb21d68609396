"""Pages: who may open them, what a refusal looks like, and what is asked for every few seconds."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import resolve
from django_htmx.middleware import HtmxDetails

from kernel.context import ALL, Actor
from kernel.web import errors, refusals
from kernel.web.middleware import RefusalMiddleware
from kernel.web.views import flash, next_path, page, public_page
from tests.kernel import web_probe_urls as probes

pytestmark = pytest.mark.urls("tests.kernel.web_probe_urls")


def made(path: str, method: str = "get", *, words: tuple[str, ...] | None = None, **headers: str) -> HttpRequest:
    """A request as the middleware hands it on; ``words`` are the person's permissions, ``None`` is nobody."""
    request = getattr(RequestFactory(headers=headers), method)(path)
    request.htmx = HtmxDetails(request)
    request.session = {}
    request._messages = CookieStorage(request)
    request.user = SimpleNamespace(is_authenticated=words is not None)
    if words is not None:
        request.actor = Actor(kind="user", name="Ann", grants=dict.fromkeys(words, ALL))
    request.resolver_match = resolve(request.path_info)
    return request


def opened(path: str, method: str = "get", **given: Any) -> HttpResponse:
    """The answer of the view at ``path``."""
    request = made(path, method, **given)
    view, args, kwargs = request.resolver_match
    return view(request, *args, **kwargs)


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    probes.calls.clear()


def test_a_page_opens_with_its_word_and_is_never_stored() -> None:
    answer = opened("/probe/", words=("probe.read",))

    assert (answer.status_code, answer.content) == (200, b"probe")
    assert "no-store" in answer["Cache-Control"]


def test_nobody_is_sent_to_the_sign_in_and_back() -> None:
    answer = opened("/probe/?day=2")

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/probe/%3Fday%3D2")


def test_a_part_of_a_page_sends_the_whole_window_to_the_sign_in() -> None:
    answer = opened("/probe/", hx_request="true", hx_current_url="http://testserver/board/?day=2")

    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith("/accounts/login/?next=/board/")


def test_each_method_needs_its_own_word() -> None:
    assert opened("/probe/", "post", words=("probe.read",)).status_code == 403
    assert probes.calls == []

    assert opened("/probe/", "post", words=("probe.write",)).status_code == 303
    assert probes.calls == ["Ann"]


def test_a_method_that_is_not_declared_is_not_answered() -> None:
    assert opened("/own/", "post", words=()).status_code == 405


def test_a_page_of_every_signed_in_person_needs_no_word() -> None:
    assert opened("/own/", words=()).status_code == 200
    assert opened("/own/").status_code == 302


def test_a_view_must_say_what_it_needs() -> None:
    with pytest.raises(ValueError, match="says why"):
        page(permission=None)
    with pytest.raises(ValueError, match="says why"):
        public_page(reason="")
    with pytest.raises(ValueError, match="every method"):
        page(permission={"GET": "probe.read"}, methods=("GET", "POST"))
    assert probes.probe.permissions == {"GET": "probe.read", "POST": "probe.write", "HEAD": "probe.read"}
    assert probes.refused.public_reason == "probe"


@pytest.mark.parametrize(("kind", "status"), [("rule", 422), ("state", 409), ("other", 404)])
def test_a_refusal_keeps_its_status_as_page_and_as_part(kind: str, status: int) -> None:
    whole = opened(f"/refused/{kind}/", "post")
    part = opened(f"/refused/{kind}/", "post", hx_request="true")

    assert whole.status_code == part.status_code == status
    assert whole["X-Refusal"] == part["X-Refusal"]
    assert b"<html" in whole.content
    assert b"<html" not in part.content


def test_a_refusal_offers_its_cures_and_escapes_them() -> None:
    text = opened("/refused/rule/", "post", hx_request="true").content.decode()

    assert 'href="/ask/"' in text
    assert 'data-key="Alt 1"' in text
    assert "Ask &lt;b&gt;Ann&lt;/b&gt;" in text
    assert "boss" in text


def test_what_has_not_changed_is_neither_computed_nor_sent_again() -> None:
    first = opened("/fresh/?v=1", x_poll="1")
    again = opened("/fresh/?v=1", x_poll="1", if_none_match=first["ETag"])
    changed = opened("/fresh/?v=2", x_poll="1", if_none_match=first["ETag"])

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert probes.calls == ["rendered", "rendered"]


def test_the_way_back_stays_on_this_host() -> None:
    factory = RequestFactory()

    assert next_path(factory.get("/", {"next": "/board/?day=2"})) == "/board/?day=2"
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"):
        assert next_path(factory.get("/", {"next": elsewhere})) == "/"


def test_a_toast_travels_with_an_htmx_answer() -> None:
    request = made("/own/", words=(), hx_request="true")
    flash(request, "已登记", undo="/undo/")

    answer = RefusalMiddleware(lambda _request: HttpResponse("part"))(request)

    assert json.loads(answer["HX-Trigger"])["toasts"]["items"] == [{"text": "已登记", "tone": "done", "undo": "/undo/"}]
    assert answer["X-Server-Time"]


def test_a_refusal_of_a_foreign_view_has_the_same_shape() -> None:
    request = made("/own/", words=(), hx_request="true")
    middleware = RefusalMiddleware(lambda _request: HttpResponse())

    refused = middleware.process_exception(request, probes.RuleRefused("too_late", "Too late"))

    assert refused is not None
    assert (refused.status_code, refused["X-Refusal"]) == (422, "too_late")
    assert middleware.process_exception(request, ValueError()) is None


@pytest.mark.parametrize(
    ("handler", "status", "code"),
    [
        (errors.bad_request, 400, "malformed"),
        (errors.permission_denied, 403, "permission_denied"),
        (errors.page_not_found, 404, "not_found"),
        (errors.server_error, 500, "internal_error"),
        (errors.unavailable, 503, "unavailable"),
        (errors.csrf_failure, 403, "csrf_failed"),
    ],
)
def test_every_error_has_a_page_and_a_problem_document(handler: Any, status: int, code: str) -> None:
    seen = handler(made("/own/", words=()))
    problem_request = RequestFactory().get("/api/v1/patients/")
    problem = handler(problem_request)

    assert (seen.status_code, problem.status_code) == (status, status)
    assert code in seen.content.decode()
    assert problem["Content-Type"] == "application/problem+json"
    assert json.loads(problem.content)["code"] == code


def test_a_stale_row_offers_to_load_the_new_version() -> None:
    from kernel.errors import StaleVersion

    drawn = refusals.describe(
        StaleVersion("stale_version", "Changed"), made("/own/", words=(), referer="http://x/a/?b=1")
    )

    assert [cure.url for cure in drawn.cures] == ["/a/?b=1"]
