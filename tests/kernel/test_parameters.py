"""Parameters: typed, dated, inherited, locked, and never another tenant's (PL-006)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from time import sleep
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import make_naive

from kernel import clock, context, tenancy
from kernel.audit.models import AuditEntry
from kernel.context import ALL, Actor
from kernel.errors import Conflict, Forbidden, Malformed, NotFound, RuleRefused
from kernel.parameters import (
    Scope,
    actions,
    history,
    overview,
    resolve,
    set_parameter,
    snapshot,
    value,
    withdraw_parameter,
)
from kernel.parameters.kinds import loosens, to_python, to_stored
from kernel.parameters.models import ParameterValue
from kernel.parameters.selectors import scheduled
from kernel.registry import Param
from tests.kernel.probes import at_once, installed, room, vertical

SITE, OTHER = uuid4(), uuid4()
SYSTEM = Actor.system("test")
DEAN = Actor(kind="user", name="Dou", code=uuid4(), grants={"parameters.set": ALL})
MANAGER = Actor(kind="user", name="Gao", code=uuid4(), grants={"parameters.set": frozenset({SITE})})
PARAMS = (
    Param(key="wait_minutes", kind="minutes", default=20, literal=15, maximum=240, tightens="lower", label="Wait"),
    Param(key="pass_mark", kind="int", default=80, minimum=1, maximum=100, tightens="higher", label="Pass mark"),
    Param(key="guarantee", kind="bool", default=False, literal=True, label="Guarantee"),
    Param(key="deposit_time", kind="time", default="16:30", tightens="lower", label="Deposit time"),
    Param(key="rate", kind="decimal", default="0.9", maximum=1, label="Rate"),
    Param(key="custody", kind="choice", default="clinic", choices=("clinic", "patient"), label="Custody"),
    Param(key="emergencies", kind="list", default=["trauma"], label="Emergencies"),
    Param(key="units", kind="table", default={"pain": 2}, maximum=16, label="Units"),
    Param(key="protocol", kind="text", default="", label="Protocol"),
    Param(key="gap_days", kind="days", default=30, label="Gap"),
)
ROOM = room(parameters=PARAMS)
VERTICAL = vertical(parameters=(Param(key="probing_days", kind="days", default=3, label="Days"),))
BY_KEY = {param.key: param for param in PARAMS}


@pytest.fixture(autouse=True)
def rooms():
    cache.clear()
    with installed(ROOM, VERTICAL):
        yield


def put(key: str, new: object, **options: object) -> ParameterValue:
    return set_parameter(**{"by": SYSTEM, "key": key, "value": new} | options)


# --- what a value may be --------------------------------------------------------------------------------------------


@pytest.mark.ledger("PL-006")
@pytest.mark.parametrize(
    ("key", "typed", "python"),
    [
        ("wait_minutes", "25", 25),
        ("wait_minutes", 0, 0),
        ("wait_minutes", 240, 240),
        ("rate", "0.850", Decimal("0.85")),
        ("rate", 1, Decimal(1)),
        ("guarantee", "on", True),
        ("guarantee", False, False),
        ("deposit_time", "09:05", time(9, 5)),
        ("deposit_time", time(17, 0), time(17, 0)),
        ("custody", "patient", "patient"),
        ("emergencies", ["a", "b"], ["a", "b"]),
        ("units", {"pain": 3, "D1": [1, 3]}, {"pain": 3, "D1": [1, 3]}),
        ("protocol", " ask twice ", "ask twice"),
    ],
)
def test_a_value_is_understood_by_its_kind(key, typed, python):
    assert to_python(BY_KEY[key], to_stored(BY_KEY[key], typed)) == python


@pytest.mark.ledger("PL-006")
@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("wait_minutes", "abc"),
        ("wait_minutes", 1.5),
        ("wait_minutes", True),
        ("wait_minutes", None),
        ("wait_minutes", "1e3"),
        ("rate", "abc"),
        ("rate", 0.1),
        ("rate", "NaN"),
        ("guarantee", "maybe"),
        ("deposit_time", "25:00"),
        ("deposit_time", "9:5"),
        ("emergencies", "trauma"),
        ("emergencies", [{}]),
        ("units", {"": 1}),
        ("units", {"pain": 1.5}),
        ("protocol", 7),
    ],
)
def test_a_value_of_the_wrong_kind_is_malformed(key, typed):
    with pytest.raises(Malformed, match="parameter_malformed") as refusal:
        to_stored(BY_KEY[key], typed)
    assert refusal.value.fields["value"]


@pytest.mark.ledger("PL-006")
@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("wait_minutes", -1),
        ("wait_minutes", "-1"),
        ("wait_minutes", 241),
        ("pass_mark", 0),
        ("pass_mark", 101),
        ("rate", "1.01"),
        ("custody", "nobody"),
        ("units", {"pain": 17}),
        ("units", {"pain": -1}),
        ("protocol", "x" * 2001),
        ("gap_days", -1),
    ],
)
def test_a_value_outside_of_what_is_allowed_is_refused(key, typed):
    with pytest.raises(RuleRefused, match="parameter_out_of_range"):
        to_stored(BY_KEY[key], typed)


@pytest.mark.parametrize(
    ("key", "locked", "wanted", "looser"),
    [
        ("wait_minutes", 20, 15, False),
        ("wait_minutes", 20, 20, False),
        ("wait_minutes", 20, 21, True),
        ("pass_mark", 80, 85, False),
        ("pass_mark", 80, 79, True),
        ("deposit_time", "16:30", "15:00", False),
        ("deposit_time", "16:30", "17:00", True),
        ("guarantee", False, True, True),
        ("emergencies", ["a"], ["a", "b"], True),
    ],
)
def test_a_lock_may_be_tightened_and_not_loosened(key, locked, wanted, looser):
    assert loosens(BY_KEY[key], locked=locked, wanted=wanted) is looser


# --- what counts ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("PL-006")
def test_before_anybody_sets_one_the_profile_answers(working_for):
    with working_for("smile"):
        assert (value("wait_minutes"), value("guarantee")) == (15, True)
    with working_for("willow"):
        assert (value("wait_minutes"), value("guarantee")) == (20, False)
        assert value("deposit_time") == time(16, 30)
        assert resolve("wait_minutes").source is None
    with pytest.raises(KeyError), working_for("willow"):
        value("nonsense")


@pytest.mark.ledger("PL-006")
def test_december_keeps_decembers_value(willow, at):
    december = at("2026-12-14 09:00")
    put("wait_minutes", 25, effective_from=datetime(2027, 1, 1, tzinfo=willow.timezone))
    assert value("wait_minutes") == 20
    assert scheduled(key="wait_minutes").count() == 1
    at("2026-12-31 23:59:59")
    assert value("wait_minutes") == 20
    at("2027-01-01 00:00:00")
    assert value("wait_minutes") == 25
    assert value("wait_minutes", at=december) == 20
    assert scheduled(key="wait_minutes").count() == 0


@pytest.mark.ledger("PL-006")
def test_the_past_cannot_be_rewritten(willow, at):
    at("2026-12-14 09:00:30")
    with pytest.raises(RuleRefused, match="parameter_in_the_past"):
        put("wait_minutes", 25, effective_from=clock.now() - timedelta(minutes=1))
    with pytest.raises(Malformed):
        put("wait_minutes", 25, effective_from=make_naive(clock.now()))
    # A form that says 09:00 is sent within that minute and means now.
    row = put("wait_minutes", 25, effective_from=clock.now().replace(second=0))
    assert row.effective_from == clock.now()
    with pytest.raises(DatabaseError), transaction.atomic():
        ParameterValue.objects.update(value=30)
    with pytest.raises(DatabaseError), transaction.atomic():
        ParameterValue.objects.all().delete()
    assert value("wait_minutes") == 25


def test_of_two_changes_for_one_moment_the_later_one_counts(willow, at):
    at("2026-12-14 09:00")
    put("wait_minutes", 25)
    put("wait_minutes", 30)
    assert value("wait_minutes") == 30
    assert [row.value for row in history("wait_minutes", scope=Scope.tenant())] == [30, 25]


@pytest.mark.ledger("PL-006")
def test_the_narrower_scope_wins(willow, at):
    at("2026-12-14 09:00")
    put("wait_minutes", 60, scope=Scope.chain())
    assert value("wait_minutes", site=SITE) == 60
    put("wait_minutes", 50)
    put("wait_minutes", 40, scope=Scope.site(SITE))
    assert value("wait_minutes") == 50
    assert value("wait_minutes", site=SITE) == 40
    assert value("wait_minutes", site=OTHER) == 50
    assert resolve("wait_minutes", site=SITE).source == Scope.site(SITE)


@pytest.mark.ledger("PL-006")
def test_the_vertical_of_the_visit_is_the_narrowest(smile, at):
    at("2026-12-14 09:00")
    with tenancy.activate(replace(smile, verticals=frozenset({"probing"}))):
        put("wait_minutes", 40, scope=Scope.site(SITE))
        put("wait_minutes", 30, scope=Scope.vertical("probing"))
        assert value("wait_minutes", site=SITE, vertical="probing") == 30
        assert value("wait_minutes", site=SITE, vertical="other") == 40
        assert value("wait_minutes", site=SITE) == 40


@pytest.mark.ledger("PL-006")
def test_a_scope_can_inherit_again(willow, at):
    at("2026-12-14 09:00")
    with pytest.raises(Conflict, match="parameter_not_set"):
        withdraw_parameter(by=SYSTEM, key="wait_minutes", scope=Scope.site(SITE))
    put("wait_minutes", 40, scope=Scope.site(SITE))
    withdraw_parameter(
        by=SYSTEM, key="wait_minutes", scope=Scope.site(SITE), effective_from=clock.now() + timedelta(days=1)
    )
    assert value("wait_minutes", site=SITE) == 40
    at("2026-12-15 09:00")
    assert value("wait_minutes", site=SITE) == 20


@pytest.mark.ledger("PL-006", "HQ-005")
def test_a_lock_of_the_chain_lets_the_tenant_only_tighten(willow, at):
    at("2026-12-14 09:00")
    put("wait_minutes", 30, scope=Scope.chain(), locked=True)
    with pytest.raises(RuleRefused, match="parameter_loosens") as refusal:
        put("wait_minutes", 31)
    assert refusal.value.facts["lock"] == "chain"
    put("wait_minutes", 25)
    assert value("wait_minutes") == 25
    put("guarantee", True, scope=Scope.chain(), locked=True)
    with pytest.raises(RuleRefused):
        put("guarantee", False)


@pytest.mark.ledger("PL-006")
def test_a_lock_that_comes_later_bounds_what_stands_already(willow, at):
    at("2026-12-14 09:00")
    put("wait_minutes", 60, scope=Scope.site(SITE))
    put("wait_minutes", 10, scope=Scope.site(OTHER))
    put("wait_minutes", 30, locked=True, effective_from=clock.now() + timedelta(days=1))
    assert value("wait_minutes", site=SITE) == 60
    at("2026-12-15 09:00")
    held = resolve("wait_minutes", site=SITE)
    assert (held.value, held.held, held.lock) == (30, True, Scope.tenant())
    assert value("wait_minutes", site=OTHER) == 10


def test_the_overview_lists_what_is_active_here(willow):
    keys = {resolved.param.key for resolved in overview()}
    assert set(BY_KEY) <= keys
    assert "probing_days" not in keys


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("PL-006", "PL-010")
@pytest.mark.parametrize(
    ("by", "scope", "allowed"),
    [
        (MANAGER, Scope.site(SITE), True),
        (MANAGER, Scope.site(OTHER), False),
        (MANAGER, Scope.tenant(), False),
        (MANAGER, Scope.chain(), False),
        (DEAN, Scope.site(OTHER), True),
        (DEAN, Scope.tenant(), True),
        (DEAN, Scope.chain(), False),
        (Actor(kind="user", name="x"), Scope.site(SITE), False),
    ],
)
def test_a_right_reaches_as_far_as_its_sites(willow, by, scope, allowed):
    if allowed:
        row = put("wait_minutes", 25, by=by, scope=scope)
        assert row.set_by == by.code
        entry = AuditEntry.objects.get(verb="parameters.set", target_code=row.code)
        assert (entry.data["key"], entry.data["value"], entry.actor_code) == ("wait_minutes", 25, by.code)
    else:
        with pytest.raises(Forbidden):
            put("wait_minutes", 25, by=by, scope=scope)
        assert not ParameterValue.objects.filter(key="wait_minutes").exists()
        assert AuditEntry.objects.filter(verb="refused", actor_name=by.name).exists()


@pytest.mark.ledger("PL-002", "PL-006")
def test_parameters_of_a_switched_off_vertical_do_not_exist(willow):
    for key, scope in [("probing_days", None), ("nonsense", None), ("wait_minutes", Scope.vertical("probing"))]:
        with pytest.raises(NotFound, match="parameter_unknown"):
            put(key, 5, scope=scope)


@pytest.mark.parametrize("arguments", [("site",), ("tenant", "x"), ("galaxy",)])
def test_a_scope_names_whom_it_must(arguments):
    with pytest.raises(ValueError):
        Scope(*arguments)


# --- never stale, never another tenant's ----------------------------------------------------------------------------


def read(key: str = "wait_minutes") -> object:
    """Read as a request does."""
    with context.bound(request_id=str(uuid4())):
        return value(key)


@pytest.mark.ledger("PL-001")
def test_a_change_is_seen_by_the_next_request_and_by_no_other_tenant(own_database, working_for, at):
    at("2026-12-14 09:00")
    for slug, expected in (("smile", 15), ("willow", 20)):
        with working_for(slug):
            assert read() == expected
    with working_for("smile") as smile:
        put("wait_minutes", 44)
        assert read() == 44
        assert at_once(smile, read, read) == [44, 44]
    with working_for("willow"):
        assert read() == 20


def test_a_change_that_is_rolled_back_was_never_there(own_database, smile, at):
    at("2026-12-14 09:00")
    assert read() == 15

    def change_and_fail() -> None:
        put("wait_minutes", 44)
        assert value("wait_minutes") == 44
        # Nobody else sees it before it is committed.
        assert at_once(smile, read) == [15]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        change_and_fail()
    assert read() == 15
    assert value("wait_minutes") == 15
    assert at_once(smile, read) == [15]


def test_many_questions_cost_one_query_and_the_next_request_none(own_database, smile):
    assert not ParameterValue.objects.filter(key="wait_minutes").exists()
    with context.bound(request_id="one"), CaptureQueriesContext(connection) as first:
        for _number in range(50):
            value("wait_minutes", site=SITE)
            value("pass_mark")
        overview()
    with context.bound(request_id="two"), CaptureQueriesContext(connection) as second:
        value("wait_minutes")
    assert (len(first), len(second)) == (1, 0)


def test_without_the_cache_every_answer_is_still_right(own_database, smile, at, monkeypatch):
    def away(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no cache")

    at("2026-12-14 09:00")
    for name in ("get", "set", "add"):
        monkeypatch.setattr(snapshot.cache, name, away, raising=False)
    assert read() == 15
    put("wait_minutes", 44)
    assert read() == 44


def test_what_a_transaction_has_not_committed_never_reaches_the_cache(own_database, smile, at):
    at("2026-12-14 09:00")

    def write_past_the_action_and_fail() -> None:
        ParameterValue.objects.create(
            key="wait_minutes", scope_kind="tenant", value=44, effective_from=clock.now(), set_at=clock.now()
        )
        assert value("wait_minutes") == 44
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write_past_the_action_and_fail()
    assert value("wait_minutes") == 15
    assert at_once(smile, read) == [15]


def test_setters_at_once_are_judged_one_after_the_other(own_database, smile, at, monkeypatch):
    at("2026-12-14 09:00")
    judge = actions._refuse_loosening

    def judge_slowly(*arguments: object) -> None:
        judge(*arguments)
        sleep(0.05)

    monkeypatch.setattr(actions, "_refuse_loosening", judge_slowly)
    for shot in range(6):
        limit = 200 - shot * 10

        def lock(limit: int = limit) -> ParameterValue:
            return put("wait_minutes", limit, scope=Scope.chain(), locked=True)

        def loosen(limit: int = limit) -> ParameterValue:
            return put("wait_minutes", limit + 1)

        locked, loosened = at_once(smile, lock, loosen)
        assert isinstance(loosened, RuleRefused) or loosened.pk < locked.pk
        assert read() == limit


def test_dates_are_compared_as_moments(willow, at):
    at("2026-12-14 09:00")
    put("wait_minutes", 25, effective_from=datetime(2026, 12, 14, 1, 0, 1, tzinfo=UTC))
    assert value("wait_minutes") == 20
    at("2026-12-14 09:00:01")
    assert value("wait_minutes") == 25
