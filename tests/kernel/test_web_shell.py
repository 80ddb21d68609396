"""The frame: what a person finds in the navigation, in which language, and what the strips say."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import set_urlconf
from django.utils import translation

from config.urls import tenant_urlconf
from kernel import registry, tenancy
from kernel.context import ALL, Actor
from kernel.tenancy import TenantContext
from kernel.web import shell as frame
from kernel.web.middleware import LanguageMiddleware, preferred_language
from kernel.web.shell import Shell


def tenant(**given: Any) -> TenantContext:
    """A tenant that exists in this test only."""
    values: dict[str, Any] = {
        "code": UUID(int=1), "slug": "sample", "schema_name": "sample", "database_role": "sample", "name": "Sample Clinic",
        "kind": "clinic", "family": "business", "chain_code": UUID(int=2), "chain_name": "Chain",
    }  # fmt: skip
    return TenantContext(**{**values, **given})


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``at(tenant, *words)``: the frame of somebody with these words there."""

    def made(place: TenantContext, *words: str, session: dict[str, str] | None = None) -> Shell:
        monkeypatch.setattr(tenancy, "current_or_none", lambda: place)
        monkeypatch.setattr(tenancy, "current", lambda: place)
        set_urlconf(tenant_urlconf(place.family, place.verticals))
        request = RequestFactory().get("/")
        request.actor = Actor(kind="user", name="Ann Lee", grants=dict.fromkeys(words, ALL))
        request.session = session or {}
        request.resolver_match = None
        return Shell(request)

    yield made
    set_urlconf(None)


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[registry.NavItem]:
    """Two entries of the navigation, one with a badge."""
    items = [
        registry.NavItem(
            key="b", label="B", url_name="web:site", permission="b.view", icon="task", order=2, badge="x.count"
        ),
        registry.NavItem(key="a", label="A", url_name="web:language", permission="a.view", icon="desk", order=1),
        registry.NavItem(key="c", label="C", url_name="nowhere:at-all", permission="a.view", icon="desk", order=3),
    ]
    room = SimpleNamespace(nav=items, slots={})
    monkeypatch.setattr(registry, "active_rooms", lambda _tenant=None: (room,))
    return items


def test_the_navigation_holds_what_the_person_may_open(
    at: Any, entries: list[registry.NavItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[HttpRequest] = []
    monkeypatch.setattr(frame, "_callable", lambda _path: lambda request: counted.append(request) or 5)

    assert [entry.key for entry in at(tenant(), "a.view").nav] == ["a"]
    assert counted == []
    both = at(tenant(), "a.view", "b.view")
    assert [(entry.key, entry.badge) for entry in both.nav] == [("a", 0), ("b", 5)]
    assert both.tabs == both.nav
    assert len(counted) == 1
    assert at(tenant()).nav == []


def test_headquarters_and_platform_have_their_rooms_along_the_top(at: Any) -> None:
    assert at(tenant(family="headquarters")).horizontal
    assert at(tenant(family="platform")).horizontal
    assert not at(tenant()).horizontal


@pytest.mark.parametrize(
    ("state", "tones"), [("active", []), ("past_due", []), ("read_only", ["warn"]), ("suspended", ["late"])]
)
def test_the_strip_says_what_is_closed_and_only_then(
    at: Any, state: str, tones: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "active_rooms", lambda _tenant=None: ())

    assert [strip["tone"] for strip in at(tenant(billing_state=state)).strips] == tones


def test_a_site_of_somebody_else_is_not_worked_at(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own, foreign = uuid4(), uuid4()
    monkeypatch.setattr(frame, "slot_items", lambda _name, _request: [{"code": own, "name": "Centre"}])

    assert at(tenant(), session={"site_code": str(foreign)}).site["code"] == own
    assert at(tenant(), session={"site_code": "nonsense"}).site["code"] == own


def test_the_mark_is_two_characters() -> None:
    class Named(Shell):
        tenant = tenant(name="微笑口腔")

    assert Named(RequestFactory().get("/")).mark == "微笑"


def test_the_language_is_the_persons_then_the_cookies_then_the_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenancy, "current_or_none", lambda: tenant(language="zh-hant"))
    request = RequestFactory().get("/", headers={"accept-language": "en"})
    request.user = SimpleNamespace(is_authenticated=False)
    assert preferred_language(request) == "zh-hant"

    request.COOKIES["language"] = "en"
    assert preferred_language(request) == "en"

    request.COOKIES["language"] = "tlh"
    assert preferred_language(request) == "zh-hant"

    request.user = SimpleNamespace(is_authenticated=True, language="zh-hans")
    assert preferred_language(request) == "zh-hans"


def test_the_language_of_one_request_does_not_stay_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenancy, "current_or_none", lambda: None)
    seen: list[str | None] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(translation.get_language())
        return HttpResponse()

    request = RequestFactory().get("/")
    request.COOKIES["language"] = "en"
    with translation.override("zh-hans"):
        answer = LanguageMiddleware(view)(request)
        assert (seen, translation.get_language()) == (["en"], "zh-hans")
    assert answer["Content-Language"] == "en"
