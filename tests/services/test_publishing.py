"""Headquarters publishes rules, the houses of its chain receive and adopt them, and each side keeps who did what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from kernel import clock, tenancy
from kernel.audit.models import AuditEntry
from kernel.outbox import emit, relay_pending
from kernel.outbox.models import EventState, OutboxEvent
from kernel.parameters import Scope, set_parameter, value
from kernel.parameters.models import ParameterValue
from kernel.tenancy import activate
from services.headquarters.models import HouseAnswer, RulePublication
from services.headquarters.publishing import publish_rules, reach_houses
from services.rules.actions import ADOPT, adopt_publication
from services.rules.handlers import take_in_publication
from services.rules.models import ChainPublication
from services.tasks.models import Task
from tenants.directory import context_for, public_schema
from tenants.models import Tenant
from tenants.provisioning.actions import run_job
from tests.services.doors import api, browser, person, statements
from tests.services.flow import center, clockwork
from tests.tenants.new_tenants import ask, new_slug

KEY, ESCORT = "wait_explain_minutes", "escort_report_hours"
HQ, HQ_API = "/headquarters/rules/", "/api/v1/headquarters/rules/"
HOUSE, HOUSE_API = "/rules/published/", "/api/v1/rules/published/"
NEW_YEAR = "2027-01-01T00:00"


@pytest.fixture(autouse=True)
def december(request, at):
    # A test with a database of its own enters its houses itself.
    if "own_database" not in request.fixturenames:
        request.getfixturevalue("orchid_hq")
    at("2026-12-07 09:00")
    return at


def publish(*rules: dict, title: str = "等候", **more) -> RulePublication:
    return publish_rules(by=person("xu.heng"), title=title, rules=rules, **more)


def on_its_way(found: RulePublication) -> OutboxEvent:
    return OutboxEvent.objects.get(type="headquarters.rules_published", payload__publication=str(found.code))


@pytest.mark.ledger("HQ-007")
def test_headquarters_publishes_and_each_house_adopts_from_the_day_that_was_said(december, working_for):
    # Given headquarters wants waits explained after 15 minutes from the new year on, tighter if a house likes
    manager = browser("xu.heng")
    assert f'value="{KEY}"' in manager.get(f"{HQ}new/").content.decode()
    form = {
        "key": [KEY, ESCORT], "title": "等候", "effective_from": NEW_YEAR, f"value_{KEY}": "15", f"leeway_{KEY}": "locked",
        f"value_{ESCORT}": "12", f"leeway_{ESCORT}": "open",
    }  # fmt: skip
    sent = manager.post(f"{HQ}new/", form)
    assert sent.status_code == 303
    found = RulePublication.objects.get()
    assert sent.headers["Location"] == f"{HQ}{found.code}/"
    clockwork()

    # Then every house of the chain has it and is asked, no other chain's
    with working_for("willow"):
        assert not ChainPublication.objects.exists()
    with working_for("smile"):
        arrived = ChainPublication.objects.get()
        assert arrived.code == found.code
        assert Task.objects.get(kind=ADOPT).roles == ["tenant_admin", "dean"]
        assert value(KEY) == 20, "nothing counts here that nobody adopted"
        desk = browser("admin.smile")
        assert f"{HOUSE}{found.code}/" in desk.get(HOUSE).content.decode()
        shown = desk.get(f"{HOUSE}{found.code}/").content.decode()
        assert "15" in shown
        assert ESCORT in shown, "a rule of a line of business that this house does not have is named all the same"
        # When the administrator adopts it
        assert desk.post(f"{HOUSE}{found.code}/adopt/").status_code == 303
        # Then December keeps its rule, January has the chain's, and the house may only tighten
        assert (value(KEY), Task.objects.get(kind=ADOPT).state) == (20, Task.State.DONE)
        december("2027-01-01 00:00")
        assert value(KEY) == 15
        form = {"scope": "tenant", "value": "18"}
        assert browser("admin.smile").post(f"/rules/{KEY}/", form).status_code == 422
        assert browser("admin.smile").post(f"/rules/{KEY}/", form | {"value": "12"}).status_code == 303
        assert value(KEY) == 12
        row = ParameterValue.objects.get(key=KEY, scope_kind="chain")
        assert (row.set_by_name, row.locked) == ("headquarters", True)
        assert not ParameterValue.objects.filter(key=ESCORT).exists()
        kept = AuditEntry.objects.get(verb="rules.publication_adopted")
        assert (kept.actor_name, kept.data["keys"], kept.data["left_out"]) == ("admin.smile", [KEY, ESCORT], [ESCORT])
        clockwork()

    # And headquarters sees who has it and who adopted it
    with working_for("orchid"):
        answers = {one.name: one for one in HouseAnswer.objects.filter(publication=found)}
        smile = next(one for one in answers.values() if one.adopted_at)
        assert smile.left_out == [ESCORT]
        assert AuditEntry.objects.filter(verb="headquarters.rules_adopted", target_code=found.code).count() == 1
        assert AuditEntry.objects.get(verb="headquarters.rules_published").actor_name == "xu.heng"
        told = api("shen.lan").get(f"{HQ_API}{found.code}/").json()
        assert [one["name"] for one in told["houses"] if one["adopted_at"]] == [smile.name]
        assert smile.name in browser("shen.lan").get(f"{HQ}{found.code}/").content.decode()


def test_all_houses_answer_that_it_arrived(working_for):
    found = publish({"key": KEY, "value": 15})
    clockwork()
    for house in ("smile", "derma", "lumen", "peiban"):
        with working_for(house):
            clockwork()
    assert HouseAnswer.objects.filter(publication=found, received_at__isnull=False, adopted_at=None).count() == 4
    web = browser("shen.lan")
    web.get(HQ)
    assert statements(lambda: web.get(HQ)) <= 12
    assert statements(lambda: web.get(f"{HQ}{found.code}/")) <= 12


@pytest.mark.ledger("HQ-007")
def test_a_house_that_comes_later_gets_what_is_in_force_and_nothing_that_was_replaced(own_database, at):
    at("2026-12-07 09:00")
    with activate(context_for(slug="orchid")):
        publish({"key": KEY, "value": 15}, title="replaced")
        at("2026-12-07 09:01")
        publish({"key": KEY, "value": 12}, {"key": "override_minutes", "value": 45}, title="partly")
        at("2026-12-07 09:02")
        publish({"key": KEY, "value": 10, "locked": True}, title="the last word")
        at("2026-12-07 09:03")
        publish({"key": ESCORT, "withdrawn": True}, title="withdraws what nobody has set")
        clockwork()

    slug = new_slug()
    with public_schema():
        chain = Tenant.objects.get(slug="orchid").chain.name
    at("2026-12-20 10:00")
    run_job(ask(slug, name="Late house", chain_name=chain).code)
    late = context_for(slug=slug)
    with activate(late):
        assert not ChainPublication.objects.exists()
        relay_pending()
    with activate(context_for(slug="orchid")):
        clockwork()
    with activate(late):
        rows = {row.title: row for row in ChainPublication.objects.all()}
        assert sorted(rows) == ["partly", "the last word"]
        assert Task.objects.filter(kind=ADOPT).count() == 2
        clockwork()
    with activate(context_for(slug="orchid")):
        answered = HouseAnswer.objects.filter(house=late.code, received_at__isnull=False)
        assert sorted(answered.values_list("publication__title", flat=True)) == ["partly", "the last word"]
    with activate(context_for(slug="smile")):
        # Who had them is not told again.
        assert ChainPublication.objects.count() == 4


@pytest.mark.ledger("HQ-007")
def test_headquarters_sees_who_has_not_received_it_and_sends_it_again_at_night(december, working_for, monkeypatch):
    first = publish({"key": KEY, "value": 15}, title="一")

    def take(event):
        if tenancy.current().slug == "derma":
            raise ConnectionError
        take_in_publication(event)

    with monkeypatch.context() as broken:
        broken.setattr("services.rules.handlers.take_in_publication", take)
        relay_pending()
    for house in ("smile", "derma", "lumen", "peiban"):
        with working_for(house):
            clockwork()
            if house == "derma":
                silent = tenancy.current()
    # It was tried too often: an event that stands as failed reaches nobody by itself.
    OutboxEvent.objects.filter(type="headquarters.rules_published").update(state=EventState.FAILED)
    page, caller = browser("shen.lan"), api("shen.lan")
    shown = page.get(f"{HQ}{first.code}/")
    assert [one.name for one in shown.context["missing"]] == [silent.name]
    assert silent.name in shown.content.decode()
    told = caller.get(f"{HQ_API}{first.code}/").json()
    assert (told["in_force"], told["not_received"]) == (True, [{"house": str(silent.code), "name": silent.name}])
    assert statements(lambda: page.get(f"{HQ}{first.code}/")) <= 12

    reach_houses(clock.today())
    clockwork()
    with working_for("derma"):
        assert ChainPublication.objects.get().code == first.code
        clockwork()
    assert caller.get(f"{HQ_API}{first.code}/").json()["not_received"] == []
    before = OutboxEvent.objects.count()
    reach_houses(clock.today())
    assert OutboxEvent.objects.count() == before

    # When a later publication says something else of all its rules, no newcomer gets it.
    december.advance(minutes=5)
    publish({"key": KEY, "value": 12}, title="二")
    assert caller.get(f"{HQ_API}{first.code}/").json()["in_force"] is False
    assert page.get(f"{HQ}{first.code}/").context["counts"] is False


def test_a_house_that_fails_keeps_the_others_from_nothing_and_gets_it_later(december, working_for, monkeypatch):
    """The administrator's database is away in one house; what the others had they do not get again."""
    taken: list[str] = []
    broken = {"derma"}

    def take(event):
        slug = tenancy.current().slug
        if slug in broken:
            raise ConnectionError(slug)
        taken.append(slug)
        take_in_publication(event)

    monkeypatch.setattr("services.rules.handlers.take_in_publication", take)
    found = publish({"key": KEY, "value": 15})
    assert relay_pending().failed == 1
    assert (sorted(taken), on_its_way(found).last_error) == (["lumen", "peiban", "smile"], "HousesUnreached")

    broken.clear()
    december.advance(seconds=5)
    assert relay_pending().delivered == 1

    assert sorted(taken) == ["derma", "lumen", "peiban", "smile"]
    assert on_its_way(found).state == EventState.DELIVERED


def test_a_house_cannot_speak_to_the_other_houses(december, working_for):
    said = {"publication": "0" * 32, "title": "x", "rules": [], "effective_from": "", "published_at": ""}
    with working_for("smile"):
        with transaction.atomic():
            event = emit("headquarters.rules_published", key="x", to="houses", payload=said)
        assert relay_pending().failed == 1
        event.refresh_from_db()
        assert (event.state, event.last_error) == (EventState.PENDING, "RuntimeError")
    with working_for("derma"):
        assert not ChainPublication.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": "  ", "rules": [{"key": KEY, "value": 15}]}, 400, None),
        ({"title": "x", "rules": []}, 422, "rules_missing"),
        ({"title": "x", "rules": [{"key": "no_such_rule", "value": 15}]}, 404, "parameter_unknown"),
        ({"title": "x", "rules": [{"key": KEY, "value": 900}]}, 422, "parameter_out_of_range"),
        ({"title": "x", "rules": [{"key": KEY}]}, 400, "parameter_malformed"),
        ({"title": "x", "rules": [{"key": KEY, "value": 15}] * 2}, 400, "rule_twice"),
        (
            {"title": "x", "rules": [{"key": KEY, "value": 15}], "effective_from": "2026-12-01T00:00:00+08:00"},
            422, "parameter_in_the_past",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_published_is_refused_and_tells_no_house(body, status, code):
    told = api("xu.heng").post(HQ_API, body)
    assert told.status_code == status
    if code is not None:
        assert told.json()["code"] == code
        assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()
    assert not RulePublication.objects.exists()
    assert not OutboxEvent.objects.filter(to="houses").exists()


def test_a_wrong_value_stands_at_its_field(december):
    form = {"key": [KEY], "title": "等候", f"value_{KEY}": "900", f"leeway_{KEY}": "open"}
    page = browser("xu.heng").post(f"{HQ}new/", form)
    assert page.status_code == 422
    assert page.context["form"].errors[f"value_{KEY}"]
    assert not RulePublication.objects.exists()


def test_only_a_manager_publishes_and_only_who_sets_everywhere_adopts(december, working_for):
    body = {"title": "x", "rules": [{"key": KEY, "value": 15}]}
    assert api("shen.lan").post(HQ_API, body).status_code == 403
    assert browser("shen.lan").get(f"{HQ}new/").status_code == 403
    assert api("xu.heng").post(HQ_API, body).status_code == 201
    found = RulePublication.objects.get()
    clockwork()
    with working_for("smile"):
        there = f"{HOUSE_API}{found.code}/adopt/"
        assert api("bai.lan").get(HOUSE_API).status_code == 403
        assert api("fang.li").post(there).status_code == 403
        assert api("admin.smile").post(f"{HOUSE_API}{center().code}/adopt/").status_code == 404
        assert ParameterValue.objects.filter(scope_kind="chain").count() == 0
        told = api("admin.smile").post(there)
        assert (told.status_code, told.json()["adopted_by_name"]) == (200, "admin.smile")
        again = api("admin.smile").post(there)
        assert (again.status_code, again.json()["code"]) == (409, "publication_adopted")
        assert ParameterValue.objects.filter(scope_kind="chain").count() == 1


def test_who_adopts_late_counts_from_then_on_and_an_older_publication_does_not_undo_a_later_one(december, working_for):
    first = publish({"key": KEY, "value": 15}, title="一")
    december.advance(minutes=1)
    second = publish({"key": KEY, "value": 10, "locked": True}, title="二")
    clockwork()
    december("2026-12-09 10:00")
    with working_for("smile"):
        admin = person("admin.smile")
        before = clock.now() - timedelta(minutes=1)
        set_parameter(by=admin, key=KEY, value=18, scope=Scope.site(center().code))
        rows = {row.title: row for row in ChainPublication.objects.all()}
        adopt_publication(by=admin, publication=rows["二"])
        assert (value(KEY), value(KEY, at=before)) == (10, 20)
        assert value(KEY, site=center()) == 10, "what the site had is looser than the chain allows now"
        adopted = adopt_publication(by=admin, publication=rows["一"])
        assert (value(KEY), adopted.left_out) == (10, [KEY])
    assert {first.title, second.title} == {"一", "二"}


def test_a_withdrawn_rule_is_the_houses_own_again(december, working_for):
    publish({"key": KEY, "value": 10, "locked": True}, title="一")
    december.advance(minutes=1)
    publish({"key": KEY, "withdrawn": True}, {"key": "override_minutes", "withdrawn": True}, title="二")
    clockwork()
    with working_for("smile"):
        admin = person("admin.smile")
        for title, counts in (("一", 10), ("二", 20)):
            adopt_publication(by=admin, publication=ChainPublication.objects.get(title=title))
            assert value(KEY) == counts
        set_parameter(by=admin, key=KEY, value=25)
        assert value(KEY) == 25


def test_a_publication_of_another_chain_is_not_found(december, working_for):
    found = publish({"key": KEY, "value": 15})
    clockwork()
    with working_for("bamboo"):
        assert browser("yu.zhu").get(f"{HQ}{found.code}/").status_code == 404
        assert api("yu.zhu").get(f"{HQ_API}{found.code}/").status_code == 404
    with working_for("willow"):
        assert browser("admin.willow").post(f"{HOUSE}{found.code}/adopt/").status_code == 404
