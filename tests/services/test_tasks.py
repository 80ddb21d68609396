"""The inbox: what is due, for whom, and what becomes of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import translation

from kernel import clock, registry, tenancy
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.identity.models import User
from services.tasks import actions, selectors
from services.tasks.models import Task
from tenants.directory import with_verticals
from tests.services.doors import SYSTEM, api, browser, person
from tests.services.flow import center, clockwork, local, patient, stand_in


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 09:00")
    return at


def due(key: str, minutes: float = 30, **more) -> Task:
    facts = {
        "kind": "tasks.test",
        "room": "tasks",
        "title": "Call back %(name)s",
        "args": {"name": "X"},
        "roles": ["front_desk"],
        "site": center(),
    }
    return actions.open_task(by=SYSTEM, key=key, due_at=clock.now() + timedelta(minutes=minutes), **(facts | more))


def seen_by(username: str) -> list[str]:
    return [task.key for task in selectors.visible_tasks(person(username))]


def test_a_task_exists_once_per_kind_and_key_whatever_became_of_it(monday):
    first = due("a")
    assert due("a", minutes=99) == first
    actions.complete_task(by=person("bai.lan"), task=first)

    assert due("a") == first
    assert (Task.objects.count(), Task.objects.get().state) == (1, "done")


def test_a_task_is_seen_by_its_roles_at_its_site_until_somebody_takes_it(monday):
    task = due("a")
    assert (seen_by("bai.lan"), seen_by("ren.tao"), seen_by("fang.li"), seen_by("luo.ping")) == (["a"], ["a"], [], [])

    actions.take_task(by=person("bai.lan"), task=task)

    assert (seen_by("bai.lan"), seen_by("ren.tao")) == (["a"], [])
    with pytest.raises(Conflict) as refusal:
        actions.take_task(by=person("ren.tao"), task=task)
    assert refusal.value.code == "task_taken"


def test_a_task_is_handed_over_by_its_holder_or_a_supervisor(monday):
    task = due("a")
    actions.take_task(by=person("bai.lan"), task=task)
    to = User.objects.get(username="ren.tao")
    with pytest.raises(Forbidden):
        actions.hand_over_task(by=person("yao.jing"), task=task, to=to)

    actions.hand_over_task(by=person("bai.lan"), task=task, to=to, note="my shift ends")
    actions.hand_over_task(by=person("gao.wen"), task=task, to=User.objects.get(username="bai.lan"))

    assert seen_by("bai.lan") == ["a"]
    assert list(task.events.values_list("what", flat=True)) == ["taken", "handed_over", "handed_over"]


def test_strangers_can_neither_see_nor_close_a_task(monday):
    task = due("a")
    with pytest.raises(NotFound):
        selectors.access_task(person("fang.li"), task.code)
    with pytest.raises(Forbidden) as refusal:
        actions.complete_task(by=person("fang.li"), task=task)
    assert refusal.value.code == "not_your_task"
    task.refresh_from_db()
    assert task.state == "open"


def test_a_task_of_a_room_closes_there_and_not_in_the_inbox(monday):
    task = due("a", closed_in_inbox=False)
    with pytest.raises(RuleRefused) as refusal:
        actions.complete_task(by=person("bai.lan"), task=task)
    assert refusal.value.code == "task_closed_elsewhere"

    actions.settle_task(by=SYSTEM, kind="tasks.test", key="a", result="confirmed")
    task.refresh_from_db()
    assert (task.state, task.result) == ("done", "confirmed")
    assert actions.settle_task(by=SYSTEM, kind="tasks.test", key="a") is None
    with pytest.raises(Conflict):
        actions.complete_task(by=person("bai.lan"), task=task)


def test_what_is_late_goes_to_the_second_line_too(monday, at):
    task = due("a", escalates_at=local("2026-12-07 10:00"), escalates_to=["supervisor"])
    assert seen_by("gao.wen") == []

    at("2026-12-07 10:00")
    clockwork()

    task.refresh_from_db()
    assert (task.escalated_at, seen_by("gao.wen"), seen_by("bai.lan")) == (clock.now(), ["a"], ["a"])


def test_a_closed_task_does_not_escalate(monday, at):
    task = due("a", escalates_at=local("2026-12-07 10:00"), escalates_to=["supervisor"])
    actions.complete_task(by=person("bai.lan"), task=task)
    at("2026-12-07 10:00")
    clockwork()
    task.refresh_from_db()
    assert task.escalated_at is None


def test_a_task_put_aside_comes_back_by_itself_and_keeps_its_due_time(monday, at):
    task = due("a")
    with pytest.raises(RuleRefused):
        actions.carry_over_task(by=person("bai.lan"), task=task, until=local("2026-12-08 09:00"), reason=" ")
    actions.carry_over_task(by=person("bai.lan"), task=task, until=local("2026-12-08 09:00"), reason="phone is busy")
    assert seen_by("bai.lan") == []

    at("2026-12-08 09:00")
    clockwork()

    assert seen_by("bai.lan") == ["a"]
    task.refresh_from_db()
    assert task.due_at == local("2026-12-07 09:30")


@pytest.mark.ledger("PL-002")
def test_tasks_of_a_switched_off_line_of_business_sleep(smile):
    due("a", room="dental")
    due("b")
    assert seen_by("bai.lan") == ["a", "b"]
    with tenancy.activate(with_verticals(smile, frozenset())):
        assert seen_by("bai.lan") == ["b"]
    assert seen_by("bai.lan") == ["a", "b"]


def test_overdue_stands_first_then_now_approvals_promises_and_later(monday, at):
    due("later", minutes=240)
    due("now", minutes=20)
    due("promise", minutes=300, group="promise")
    due("approval", minutes=300, group="approval")
    due("tomorrow", minutes=60 * 26)
    due("overdue", minutes=5)
    at("2026-12-07 09:10")

    bundles = selectors.inbox(person("bai.lan"))

    assert [(bundle.key, [line.task.key for line in bundle.lines]) for bundle in bundles] == [
        ("overdue", ["overdue"]),
        ("now", ["now"]),
        ("approval", ["approval"]),
        ("promise", ["promise"]),
        ("today", ["later"]),
        ("coming", ["tomorrow"]),
    ]
    assert selectors.counters(bundles)["all"] == 6
    assert selectors.due_count(person("bai.lan")) == 5


def test_of_two_tasks_due_together_the_more_urgent_thing_comes_first(monday):
    due("afternoon", rank_at=local("2026-12-08 15:00"))
    due("morning", rank_at=local("2026-12-08 09:00"))
    assert seen_by("bai.lan") == ["morning", "afternoon"]


def test_a_deputy_sees_what_is_assigned_to_the_principal(monday):
    gao = User.objects.get(username="gao.wen")
    due("mine", roles=[], assignee=gao)
    assert seen_by("ren.tao") == []
    stand_in("gao.wen", "ren.tao", "supervisor")
    assert seen_by("ren.tao") == ["mine"]


def test_names_are_looked_up_when_shown_and_never_stored(monday):
    who = patient("蓝鲸壹")
    task = due("a", title="Call back %(subject)s", args={}, subject=("patient", who.code))

    [line] = selectors.lines_of([task])

    assert "蓝鲸壹" in line.title
    row = Task.objects.values().get()
    assert "蓝鲸壹" not in str(row)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_roles_have_names_in_the_readers_language(monday, language):
    """Every role to which a task may be addressed is declared, and no Chinese page calls one in English."""
    latin = re.compile(r"[A-Za-z]")
    with translation.override(language):
        names = {slug: str(label) for slug, label in selectors.role_labels().items()}
        asked = {slug for task in Task.objects.all() for slug in (*task.roles, *task.escalates_to)}
        asked |= {slug for room in registry.rooms() for slug in room.role_grants if slug != "*"}
        assert asked <= names.keys()
        assert not {name for name in names.values() if latin.search(name)}


def test_a_line_names_two_roles_and_the_task_itself_all_of_them(monday):
    task, plain = due("a", roles=["front_desk", "guide", "supervisor", "clinic_director"]), due("b", roles=["guide"])
    with translation.override("en"):
        [line] = selectors.lines_of([task])
        [short] = selectors.lines_of([plain])
    assert line.who == "Front desk, Guide and 2 more"
    assert line.whose == "Front desk, Guide, Supervisor, Clinic director"
    assert short.who == short.whose == "Guide"
    actions.take_task(by=person("bai.lan"), task=task)
    task.refresh_from_db()
    [taken] = selectors.lines_of([task])
    assert taken.who == taken.whose == "白岚"


def test_the_page_lists_and_closes_with_few_queries(monday, django_assert_max_num_queries):
    for number in range(30):
        due(f"t{number}", title="Call back %(subject)s", subject=("patient", patient(f"患者{number}").code))
    web = browser("bai.lan")
    web.get("/tasks/")

    with django_assert_max_num_queries(12):
        page = web.get("/tasks/")

    assert page.status_code == 200
    assert page.content.decode().count("data-row-open") == 30
    task = Task.objects.get(key="t3")
    assert web.get(f"/tasks/{task.code}/").status_code == 200
    done = web.post(f"/tasks/{task.code}/complete/", {"note": "told"})
    assert done.status_code == 303
    task.refresh_from_db()
    assert (task.state, task.note) == ("done", "told")


def test_the_page_is_polled_with_an_etag(monday):
    due("a")
    web = browser("bai.lan")
    first = web.get("/tasks/", headers={"X-Poll": "1"})
    same = web.get("/tasks/", headers={"X-Poll": "1", "If-None-Match": first.headers["ETag"]})
    due("b")
    changed = web.get("/tasks/", headers={"X-Poll": "1", "If-None-Match": first.headers["ETag"]})

    assert (first.status_code, same.status_code, changed.status_code) == (200, 304, 200)


def test_the_api_shows_takes_and_closes(monday):
    task = due("a")
    desk, till = api("bai.lan"), api("fang.li")

    listed = desk.get("/api/v1/tasks/").json()
    assert [row["code"] for row in listed["results"]] == [str(task.code)]
    assert till.get("/api/v1/tasks/").json()["count"] == 0
    assert till.get(f"/api/v1/tasks/{task.code}/").status_code == 404
    assert desk.post(f"/api/v1/tasks/{task.code}/take/").json()["assignee"] == str(person("bai.lan").code)
    closed = desk.post(f"/api/v1/tasks/{task.code}/complete/", {"note": "told"})
    assert (closed.status_code, closed.json()["state"]) == (200, "done")
    assert desk.post(f"/api/v1/tasks/{task.code}/complete/", {}).status_code == 409
