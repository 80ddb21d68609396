"""The one search box: it asks the rooms that are on, and shows what the person may see."""

import pytest

from kernel import registry
from services.catalogue.actions import ensure_item
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.search import selectors
from services.search.hits import Hit
from services.sites.models import Site
from tests.services.doors import SYSTEM, api, browser, person


@pytest.fixture
def patient(smile, at) -> Patient:
    at("2026-12-07 10:05")
    center = Site.objects.get(slug="center")
    return register_patient(by=SYSTEM, site=center, name="陈雨", sex="female", stated_age=41, phone="13812344417")


def found(client, query: str) -> list[tuple[str, str]]:
    answer = client.get("/api/v1/search/", {"q": query})
    assert answer.status_code == 200
    return [(hit["kind"], hit["title"]) for hit in answer.json()["results"]]


def test_a_patient_shows_sex_age_last_four_and_record_number(patient):
    (hit,) = [hit for hit in api("bai.lan").get("/api/v1/search/?q=cy").json()["results"] if hit["kind"] == "patient"]
    assert (hit["title"], hit["url"], hit["code"]) == ("陈雨", f"/patients/{patient.code}/", str(patient.code))
    for part in ("41", "4417", patient.record_number):
        assert part in hit["subtitle"]
    assert "13812344417" not in str(hit)


def test_everybody_sees_their_own_share(patient):
    ensure_item(by=SYSTEM, key="test-cy", name_zh="查验", category="examination", price_fen=1)
    assert ("patient", "陈雨") in found(api("bai.lan"), "cy")
    assert ("patient", "陈雨") not in found(api("admin.smile"), "cy")
    assert ("item", "查验") in found(api("admin.smile"), "test-cy")


def test_pages_are_commands_for_those_who_may_open_them(patient):
    admin = [hit for hit in selectors_of("admin.smile", "sites") if hit["kind"] == "command"]
    assert [hit["url"] for hit in admin] == ["/sites/"]
    assert [hit for hit in selectors_of("bai.lan", "sites") if hit["kind"] == "command"] == []


def selectors_of(username: str, query: str) -> list[dict]:
    return api(username).get("/api/v1/search/", {"q": query}).json()["results"]


def test_the_palette_draws_groups(patient):
    answer = browser("bai.lan").get("/search/?q=cy", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "palette-group" in page
    assert f'href="/patients/{patient.code}/"' in page
    assert "<html" not in page
    whole = browser("bai.lan").get("/search/?q=cy").content.decode()
    assert "<html" in whole
    assert "陈雨" in whole
    assert "陈雨" not in browser("bai.lan").get("/search/?q=%00").content.decode()


def test_nobody_searches_without_signing_in(smile):
    assert api(None).get("/api/v1/search/?q=cy").status_code == 401
    assert browser(None).get("/search/?q=cy").status_code == 302


def test_a_room_that_is_off_is_not_asked(patient, monkeypatch):
    asked = []

    def provider(actor, q, limit):
        asked.append((actor.username, q, limit))
        return [Hit(kind="thing", title="Thing", url="/thing/")]

    room = registry.Room(key="thing", label="Thing", search=("thing.search.find",))
    monkeypatch.setattr(selectors, "_provider", lambda path: provider)
    monkeypatch.setattr(registry, "active_rooms", lambda tenant=None: (room,))
    assert [hit.title for hit in selectors.search(person("bai.lan"), " x ", limit=3)] == ["Thing"]
    assert asked == [("bai.lan", "x", 3)]
    monkeypatch.setattr(registry, "active_rooms", lambda tenant=None: ())
    assert selectors.search(person("bai.lan"), "x") == []
    assert selectors.search(person("bai.lan"), "   ") == []


def test_hits_are_grouped_where_their_kind_first_stood():
    hits = [Hit(kind=kind, title=title, url="/") for kind, title in (("patient", "a"), ("item", "b"), ("patient", "c"))]
    groups = selectors.grouped(hits)
    assert [(kind, [hit.title for hit in found_]) for kind, _label, found_ in groups] == [
        ("patient", ["a", "c"]),
        ("item", ["b"]),
    ]


def test_the_search_is_one_query_per_room_and_one_entry(patient, django_assert_max_num_queries):
    actor = person("bai.lan")
    selectors.search(actor, "zzz")
    with django_assert_max_num_queries(8):
        from services.patients.selectors import find_patients

        find_patients("cy")


def test_one_tenant_never_finds_another(patient, working_for):
    with working_for("derma"):
        assert found(api("zheng.hui"), "cy") == []
        assert found(api("zheng.hui"), "4417") == []
