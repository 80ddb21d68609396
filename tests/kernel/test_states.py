"""State machines: the table decides who moves what where, and the row is judged as it stands now."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.context import ALL, Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition, render_markdown, render_mermaid
from tests.kernel.probe_models import MACHINE, Visit, make_tables
from tests.kernel.probes import at_once

SITE, OTHER = uuid4(), uuid4()
ATTENDANT = Actor(kind="user", name="Ren", grants={"numbering.set_format": frozenset({SITE})})
DESK = Actor(kind="user", name="Bai", grants={"parameters.set": ALL})
SYSTEM = Actor.system("test")


@pytest.fixture
def visit(probe_tables, smile):
    return Visit.objects.create()


def test_a_move_changes_state_version_and_audit_together(visit, at):
    at("2026-12-14 10:15")
    MACHINE.move(visit, "called", by=ATTENDANT)
    MACHINE.move(visit, "finished", by=ATTENDANT)
    stored = Visit.objects.get()
    assert (stored.state, stored.version, stored.finished_at) == ("finished", 3, clock.now())
    entry = AuditEntry.objects.order_by("-id").first()
    assert (entry.verb, entry.target_code, entry.data["source"]) == ("probe.visit.finished", visit.code, "called")


def test_a_move_that_the_table_does_not_know_names_those_it_does(visit):
    with pytest.raises(Conflict) as refusal:
        MACHINE.move(visit, "finished", by=SYSTEM)
    assert refusal.value.code == "invalid_transition"
    assert refusal.value.facts["allowed"] == ["called", "cancelled", "lost"]
    assert "cancelled" in str(refusal.value.message)
    assert Visit.objects.get().state == "waiting"
    MACHINE.move(visit, "lost", by=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        MACHINE.move(visit, "called", by=SYSTEM)
    assert refusal.value.facts["allowed"] == []


def test_only_who_holds_a_word_of_the_row_moves_it(visit):
    with pytest.raises(Forbidden) as refusal:
        MACHINE.move(visit, "called", by=DESK)
    assert refusal.value.facts["permissions"] == ["numbering.set_format"]
    visit.site_code = OTHER
    with pytest.raises(Forbidden):
        MACHINE.move(visit, "called", by=ATTENDANT)
    visit.site_code = SITE
    MACHINE.move(visit, "called", by=ATTENDANT)


def test_a_row_without_words_belongs_to_the_product(visit):
    with pytest.raises(Forbidden):
        MACHINE.move(visit, "lost", by=DESK)
    assert MACHINE.move(visit, "lost", by=SYSTEM).state == "lost"


def test_a_guard_refuses_and_nothing_changes(visit):
    with pytest.raises(RuleRefused) as refusal:
        MACHINE.move(visit, "cancelled", by=DESK)
    assert (refusal.value.code, refusal.value.message) == ("transition_refused", "Say why.")
    Visit.objects.update(reason="full")
    with pytest.raises(Conflict, match="room_full"):
        MACHINE.move(visit, "called", by=ATTENDANT)
    assert Visit.objects.get().version == 1
    assert not AuditEntry.objects.filter(target_code=visit.code).exists()
    MACHINE.move(visit, "cancelled", by=DESK, reason="went home")
    assert Visit.objects.get().reason == "went home"


def test_the_row_is_judged_as_it_stands_now(visit):
    stale = Visit.objects.get()
    MACHINE.move(visit, "called", by=ATTENDANT)
    with pytest.raises(Conflict):
        MACHINE.move(stale, "called", by=ATTENDANT)
    with pytest.raises(ValueError):
        MACHINE.move(Visit(), "called", by=ATTENDANT)


def test_buttons_know_what_a_try_would_meet(visit):
    options = {option.target: option for option in MACHINE.options(visit, by=DESK)}
    assert set(options) == {"cancelled"}
    assert not options["cancelled"].possible
    assert options["cancelled"].refusal.message == "Say why."
    assert MACHINE.options(visit, by=DESK, reason="x")[0].possible
    assert {option.target for option in MACHINE.options(visit, by=SYSTEM)} == {"called", "cancelled", "lost"}


def test_the_database_knows_the_states_too(visit):
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.update(state="dancing")


def test_two_people_who_move_it_at_once_do_not_both_succeed(own_database, smile):
    make_tables(smile, Visit)
    for _shot in range(10):
        visit = Visit.objects.create()

        def move(target: str, code: object = visit.code, **facts: str) -> str:
            return MACHINE.move(Visit.objects.get(code=code), target, by=SYSTEM, **facts).state

        results = at_once(
            smile, lambda: move("called"), lambda: move("called"), lambda: move("lost"), lambda: move("called")
        )
        assert sum(isinstance(result, str) for result in results) == 1
        assert sum(isinstance(result, Conflict) for result in results) == 3
        assert Visit.objects.get(code=visit.code).version == 2


@pytest.mark.parametrize(
    ("initial", "transitions", "problem"),
    [
        ("a", [("a", "z")], "no such state z"),
        ("z", [("a", "b"), ("b", "a")], "no such state z"),
        ("a", [("a", "b"), ("a", "b")], "twice"),
        ("a", [("b", "a")], "nothing leads to b"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_at_import(initial, transitions, problem):
    rows = tuple(Transition(source=source, target=target) for source, target in transitions)
    with pytest.raises(ValueError, match=problem):
        StateMachine(name="probe.thing", initial=initial, states=("a", "b"), transitions=rows)


def test_the_table_tells_what_is_open_and_what_is_final():
    assert MACHINE.terminal == {"finished", "cancelled", "lost"}
    assert MACHINE.open == {"waiting", "called"}
    assert MACHINE.targets("called") == ("finished", "cancelled")
    assert ("waiting", "waiting") in MACHINE.choices


def test_the_docs_say_what_the_code_does():
    page = render_markdown(MACHINE)
    assert "| `waiting`, `called` → `cancelled` | `parameters.set`, `parameters.publish` |" in page
    assert "A reason is given; The reason is kept" in page
    assert "sets `finished_at` | same day" in page
    assert "| `waiting` → `lost` | the system | — | — | — |" in page
    assert "QU-008" in page
    diagram = render_mermaid(MACHINE)
    assert "[*] --> waiting" in diagram
    assert "called --> finished" in diagram
    assert "lost --> [*]" in diagram
