"""Host → tenant, and the platform's public site on the base domain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from celery import Task
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel import clock, registry
from kernel.errors import Conflict
from kernel.tenancy import activate
from tenants import directory, sending
from tenants.directory import TenantDirectory, context_for, headquarters_context, platform_context, public_schema
from tenants.models import Domain, ProvisioningJob, SignUpRequest, Tenant
from tenants.provisioning.steps import STEPS
from tenants.selectors import every_tenant, headquarters_of, tenants_of_chain
from tenants.site import selectors
from tests.tenants.new_tenants import ask, new_slug

pytestmark = [pytest.mark.ledger("PL-001"), pytest.mark.usefixtures("data")]
BASE = {"HTTP_HOST": "localhost"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    messages: list[tuple[str, Any]] = []

    def keep(self: Task, args: Any = None, kwargs: Any = None, *posted: Any, **options: Any) -> None:
        messages.append((self.name, args))

    monkeypatch.setattr(Task, "apply_async", keep)
    monkeypatch.setattr(sending, "_breaker", sending._Breaker())
    return messages


@pytest.fixture
def site() -> Client:
    return Client(**BASE)


def text(response: Any) -> str:
    return response.content.decode()


# --- hosts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "nobody.localhost",
        "smile.localhost.evil.example",
        "evil.example",
        "smile.example",
        "www.smile.localhost",
        "smile",
        "127.0.0.1",
        "xn--smile-.localhost",
        "smile.localhost.localhost",
    ],
)
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/api/v1/auth/me/", "/sign-up/", "/billing/stripe/webhook/"])
def test_an_unknown_host_gets_a_bare_404(client: Client, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 404
    assert answer.content == b"404 Not Found\n"
    assert answer["Content-Type"].startswith("text/plain")
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Tenant", "X-Tenant-ID", "X-Host", "Forwarded"])
def test_no_other_header_chooses_a_tenant(client: Client, header: str) -> None:
    value = "host=smile.localhost" if header == "Forwarded" else "smile.localhost"
    assert client.get("/accounts/login/", headers={"Host": "nobody.localhost", header: value}).status_code == 404
    willow = client.get("/accounts/login/", headers={"Host": "willow.localhost", header: value})
    assert context_for(slug="willow").name in text(willow)
    assert context_for(slug="smile").name not in text(willow)


@pytest.mark.parametrize("host", ["smile.localhost", "SMILE.localhost", "smile.localhost:8000", "smile.localhost."])
def test_spellings_of_a_host_lead_to_the_same_tenant(client: Client, host: str) -> None:
    answer = client.get("/accounts/login/", headers={"Host": host})
    assert answer.status_code == 200
    assert context_for(slug="smile").name in text(answer)


def test_probes_answer_on_every_host(client: Client) -> None:
    for host in ("localhost", "smile.localhost", "ops.localhost", "10.0.0.7", "nobody.localhost"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_tenant_that_is_being_set_up_is_nobody_yet(client: Client) -> None:
    slug = ask().tenant.slug
    assert client.get("/accounts/login/", headers={"Host": f"{slug}.localhost"}).status_code == 404


def test_the_public_site_stands_on_the_base_domain_only(site: Client, client: Client) -> None:
    assert site.get("/").status_code == 200
    assert Client(HTTP_HOST="www.localhost").get("/").status_code == 200
    for path in ("/sign-up/", "/sign-in/"):
        assert site.get(path).status_code == 200
        assert client.get(path, headers={"Host": "smile.localhost"}).status_code == 404
    # And nothing of a tenant stands on the base domain.
    for path in ("/accounts/login/", "/people/", "/api/v1/auth/me/", "/api/schema/", "/tenants/smile/"):
        assert site.get(path).status_code == 404


# --- the memory of the directory ----------------------------------------------------------------------------------------


def test_the_steady_state_asks_no_database(client: Client) -> None:
    client.get("/healthz")
    context_for(host="smile.localhost")
    with CaptureQueriesContext(connection) as captured:
        for _turn in range(5):
            assert context_for(host="smile.localhost").slug == "smile"
    assert captured.captured_queries == []


def test_a_request_sets_the_session_at_most_once(client: Client) -> None:
    def sets(host: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/accounts/login/", headers={"Host": host})
        return sum("set_config" in query["sql"] for query in captured.captured_queries)

    for host in ("smile.localhost", "willow.localhost"):
        sets(host)
    assert sets("smile.localhost") <= 1
    assert sets("smile.localhost") == 0
    assert sets("willow.localhost") <= 1


def test_a_change_is_seen_at_once(django_capture_on_commit_callbacks: Any) -> None:
    assert context_for(slug="smile").name != "Renamed"
    with django_capture_on_commit_callbacks(execute=True), public_schema():
        Tenant.objects.filter(slug="smile").update(name="Renamed")
        directory.invalidate()
    assert context_for(slug="smile").name == "Renamed"


def test_a_change_is_seen_by_other_processes() -> None:
    other = TenantDirectory()
    assert other.get("slug", "smile").name != "Renamed"
    with public_schema():
        Tenant.objects.filter(slug="smile").update(name="Renamed")
        # What the process that changed it does after its commit:
        cache.set(directory.VERSION_KEY, "another value", timeout=None)
    assert other.get("slug", "smile").name == "Renamed"


def test_an_emptied_cache_server_is_noticed() -> None:
    other = TenantDirectory()
    with public_schema():
        cache.set(directory.VERSION_KEY, "known", timeout=None)
    assert other.get("slug", "smile").name != "Renamed"
    with public_schema():
        Tenant.objects.filter(slug="smile").update(name="Renamed")
        cache.clear()
    assert other.get("slug", "smile").name == "Renamed"


def test_without_the_cache_server_answers_are_kept_for_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **options: Any) -> None:
        raise ConnectionError

    other, moment = TenantDirectory(), [1000.0]
    monkeypatch.setattr(directory.cache, "get", away)
    monkeypatch.setattr(directory.time, "monotonic", lambda: moment[0])
    assert other.get("slug", "smile").name != "Renamed"
    with public_schema():
        Tenant.objects.filter(slug="smile").update(name="Renamed")
    with CaptureQueriesContext(connection) as captured:
        assert other.get("slug", "smile").name != "Renamed"
    assert captured.captured_queries == []
    moment[0] += directory.WITHOUT_CACHE_SECONDS + 1
    assert other.get("slug", "smile").name == "Renamed"


def test_a_slow_look_up_does_not_put_old_news_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread reads the old row; before it stores its answer, another one learns of a change and forgets everything."""
    other = TenantDirectory()
    read, may_store, found = threading.Event(), threading.Event(), []
    real = directory._read

    def slowly(by: str, value: str) -> Any:
        answer = real(by, value) if threading.current_thread() is threading.main_thread() else "old news"
        if answer == "old news":
            read.set()
            may_store.wait(10)
        return answer

    monkeypatch.setattr(directory, "_read", slowly)
    monkeypatch.setattr(directory, "_version_now", lambda: version[0])
    version = ["first"]
    thread = threading.Thread(target=lambda: found.append(other.get("slug", "smile")))
    thread.start()
    read.wait(10)
    version[0] = "second"
    assert other.get("slug", "smile").slug == "smile"
    may_store.set()
    thread.join()
    assert found == ["old news"]  # that one request began before the change
    assert other.get("slug", "smile").slug == "smile"


def test_strangers_host_names_do_not_fill_the_memory() -> None:
    other = TenantDirectory()
    for number in range(50):
        assert other.get("host", f"stranger{number}.example") is None
    assert len(other._known) == 0


def test_relations_between_tenants() -> None:
    smile, willow = context_for(slug="smile"), context_for(slug="willow")
    assert headquarters_of(smile).slug == "orchid"
    assert headquarters_of(willow).slug == "bamboo"
    assert headquarters_context(context_for(slug="orchid")).slug == "orchid"
    assert headquarters_of(context_for(slug="ops")) is None
    assert {tenant.slug for tenant in tenants_of_chain(willow.chain_code)} == {"bamboo", "willow", "heron"}
    assert platform_context().slug == "ops"
    slugs = [tenant.slug for tenant in every_tenant()]
    assert slugs == sorted(slugs)
    assert context_for(slug="nobody") is None


def test_listing_everybody_costs_the_same_for_many() -> None:
    list(every_tenant())
    with CaptureQueriesContext(connection) as captured:
        list(every_tenant())
    assert len(captured.captured_queries) <= 5


# --- signing up ---------------------------------------------------------------------------------------------------------


def application(**changes: Any) -> dict[str, Any]:
    return {
        "company": "青禾口腔",
        "slug": new_slug(),
        "verticals": [next(iter(registry.verticals()))],
        "contact_name": "秦禾",
        "contact_mail": "Qin@Green.example",
        **changes,
    }


def test_a_demonstration_says_yes(
    site: Client, sent: list[tuple[str, Any]], settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.DEMO = True
    wanted = application()
    with django_capture_on_commit_callbacks(execute=True):
        answer = site.post("/sign-up/", wanted)
    with public_schema():
        asked = SignUpRequest.objects.select_related("job__tenant").get(slug=wanted["slug"])
    assert answer.status_code == 303
    assert answer["Location"] == f"/sign-up/{asked.code}/"
    assert asked.state == "approved"
    assert asked.job.options["administrator"] == {"name": "秦禾", "mail": "qin@green.example"}
    assert ("tenants.provision", (str(asked.job.code),)) in sent
    page = text(site.get(answer["Location"]))
    assert 'data-poll="1"' in page
    with public_schema():
        ProvisioningJob.objects.filter(pk=asked.job.pk).update(state="done", steps_done=list(STEPS))
    done = text(site.get(answer["Location"]))
    assert f"http://{asked.slug}.localhost/" in done
    assert "data-poll=" not in done


def test_elsewhere_an_operator_decides(site: Client, settings: Any) -> None:
    settings.DEMO = False
    wanted = application()
    answer = site.post("/sign-up/", wanted)
    with public_schema():
        asked = SignUpRequest.objects.get(slug=wanted["slug"])
        assert asked.state == "open"
        assert not Tenant.objects.filter(slug=wanted["slug"]).exists()
    page = text(site.get(answer["Location"]))
    assert "秦禾" not in page  # the link shows the address and the state, nothing else of the person
    assert "green.example" not in page
    # Nobody else can ask for the same address meanwhile.
    again = site.post("/sign-up/", application(slug=wanted["slug"]))
    assert again.status_code == 422
    with public_schema():
        assert SignUpRequest.objects.filter(slug=wanted["slug"]).count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"slug": "smile"},
        {"slug": "ops"},
        {"slug": "www"},
        {"slug": "x"},
        {"slug": "with space"},
        {"verticals": []},
        {"verticals": ["astrology"]},
        {"contact_mail": "no address"},
        {"company": ""},
        {"contact_name": ""},
    ],
)
def test_wrong_applications_are_refused(site: Client, changes: dict[str, Any]) -> None:
    assert site.post("/sign-up/", application(**changes)).status_code == 422
    with public_schema():
        assert not SignUpRequest.objects.exists()


def test_the_kind_follows_from_what_somebody_does() -> None:
    from tenants.site.kinds import kind_for

    own = next(key for key, vertical in registry.verticals().items() if vertical.kinds)
    plain = next(key for key, vertical in registry.verticals().items() if not vertical.kinds)
    assert kind_for((own,)) == registry.verticals()[own].kinds[0].key
    assert kind_for((plain,)) == "clinic"
    assert kind_for((own, plain)) == "clinic"


def test_a_wrong_link_leads_nowhere(site: Client) -> None:
    assert site.get(f"/sign-up/{uuid4()}/").status_code == 404


def test_forms_are_protected_against_other_sites(settings: Any) -> None:
    strict = Client(enforce_csrf_checks=True, **BASE)
    assert strict.post("/sign-up/", application()).status_code == 403


def test_a_script_cannot_sign_up_for_ever(site: Client) -> None:
    answers = [site.post("/sign-up/", application()).status_code for _turn in range(12)]
    assert answers[:10] == [303] * 10
    assert answers[10:] == [422, 422]


def test_the_address_is_looked_at_while_typing(site: Client) -> None:
    assert "text-ok" in text(site.get("/sign-up/address/?slug=brandnew"))
    for taken in ("smile", "www", "x", "<script>", "ops"):
        page = text(site.get("/sign-up/address/", {"slug": taken}))
        assert "text-late" in page
        assert "<script>" not in page
    assert text(site.get("/sign-up/address/")).strip() == ""


def test_of_two_approvals_at_once_one_wins() -> None:
    from kernel.context import Actor
    from tenants.site.actions import approve_sign_up

    with public_schema():
        asked = SignUpRequest.objects.create(
            company="x",
            slug=new_slug(),
            kind="clinic",
            verticals=[],
            contact_name="n",
            contact_mail="n@x.example",
            created_at=clock.now(),
        )
    approve_sign_up(by=Actor.system("test"), request=asked)
    with pytest.raises(Conflict, match="sign_up_decided"):
        approve_sign_up(by=Actor.system("test"), request=asked)


# --- finding one's clinic ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["smile", "SMILE", "微笑", "微笑口腔", "smile.localhost", "http://smile.localhost:8000/day/"]
)
def test_a_clinic_is_found_by_name_and_address(site: Client, query: str) -> None:
    page = text(site.get("/sign-in/", {"q": query}))
    assert 'href="http://smile.localhost/"' in page
    assert "willow.localhost" not in page


def test_the_link_keeps_the_port(site: Client) -> None:
    page = text(site.get("/sign-in/", {"q": "smile"}, headers={"Host": "localhost:8000"}))
    assert 'href="http://smile.localhost:8000/"' in page


@pytest.mark.parametrize("query", ["", "s", "微", " ", "nobody here", "%", "__", "bai.lan", "白岚", "op.lu"])
def test_nothing_else_is_found(site: Client, query: str) -> None:
    page = text(site.get("/sign-in/", {"q": query}))
    assert "smile.localhost" not in page
    assert "ops.localhost" not in page


def test_the_operators_are_not_listed(site: Client, settings: Any) -> None:
    settings.DEMO = True
    assert selectors.find_houses("ops") == []
    landing = text(site.get("/"))
    assert "smile.localhost" in landing
    assert "ops.localhost" not in landing
    settings.DEMO = False
    assert "smile.localhost" not in text(site.get("/"))


def test_at_most_five_are_shown() -> None:
    with public_schema():
        for number in range(8):
            job = ask(name=f"Repeated name {number}")
            Tenant.objects.filter(pk=job.tenant.pk).update(state="active")
        Domain.objects.filter(tenant__slug="smile").update(is_primary=False)
        assert len(selectors.find_houses("Repeated name")) == 5
        assert [house.host for house in selectors.find_houses("smile")] == ["smile.localhost"]


def test_custom_domains_are_shown_where_links_use_them(site: Client) -> None:
    with public_schema():
        Domain.objects.filter(tenant__slug="smile").update(is_primary=False)
        Domain.objects.create(tenant=Tenant.objects.get(slug="smile"), domain="zahn.example.com", is_primary=True)
        assert [house.host for house in selectors.find_houses("zahn.example.com")] == ["zahn.example.com"]
        assert [house.host for house in selectors.find_houses("微笑口腔")] == ["zahn.example.com"]


def test_the_site_never_names_a_person(site: Client, settings: Any, client_for: Callable[..., Client]) -> None:
    settings.DEMO = True
    with activate(context_for(slug="smile")):
        from kernel.identity.models import User

        names = list(User.objects.values_list("display_name", flat=True)) + list(
            User.objects.values_list("username", flat=True)
        )
    pages = "".join(text(site.get(path)) for path in ("/", "/sign-in/?q=smile", "/sign-up/"))
    assert not [name for name in names if len(name) > 2 and name in pages]
