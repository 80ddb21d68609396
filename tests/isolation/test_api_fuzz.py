"""Every operation of every family of host, called with what its description allows and with what it does not.

schemathesis reads the OpenAPI document that the product itself publishes, makes calls from it and compares each answer
with it: no failure of ours, no status that is not described, no body of another shape, nothing open without a token.
Codes of rows that are really there are put in for some calls, so that they reach beyond "not found".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import Client
from hypothesis import HealthCheck, Phase, Verbosity, given, seed
from hypothesis import settings as examples_of
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.overrides import Override
from schemathesis.specs.openapi.checks import ignored_auth, response_schema_conformance, status_code_conformance

from config.launcher.testbed import Testbed
from config.wsgi import application
from kernel.context import Actor
from kernel.identity.actions import assign_role, create_user, enrol_second_factor, issue_device_token
from kernel.identity.models import DeviceToken, Role, User
from kernel.tenancy import activate
from tenants import directory
from tenants.selectors import context_for
from tests.isolation.walking import plant

BY = Actor.system("fuzz")
CHECKS = [not_a_server_error, status_code_conformance, ignored_auth, response_schema_conformance]
# The operators' host comes last: what is tried there suspends tenants and switches verticals off.
HOSTS = ("smile", "derma", "lumen", "peiban", "orchid", "ops")
NOW = "2026-12-08 10:20"
# What breaks programs that trust their input; each is tried in every parameter of an address.
SUSPECTS = (
    "\x00", "9" * 40, "-1", "1e309", "NaN", "not-a-code", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59+14:00",
    "\u0661\u0662", "\U0001f637", "%00", "' OR 1=1 --", "x" * 5000,
)  # fmt: skip
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
# How a field is called, where that is not the collection it points into.
COLLECTIONS = {
    "tasks.task": "tasks", "appointments.appointment": "appointments", "reception.visit": "visits", "sites.site": "sites",
    "appointments.bookinggroup": "groups", "appointments.arrangement": "arrangements",
    "cashier.chargeslip": "slips", "cashier.receipt": "receipts", "cashier.arrear": "arrears", "staff.dutyshift": "shifts",
    "records.treatment": "treatments", "records.clinicalnote": "notes", "followup.followup": "followup",
    "escort.order": "orders", "escort.companion": "companions", "dermatology.classifiedplan": "plans",
    "aesthetics.procedure": "procedures", "staff.staffmember": "staff", "patients.patient": "patients",
}  # fmt: skip
CALLED = {"doctor": "staff", "assistant": "staff", "person": "staff", "to": "staff", "visit_code": "visits"}


@pytest.fixture(scope="module")
def fuzzed(django_db_setup: None, bed: Testbed, django_db_blocker: Any) -> Iterator[None]:
    """A database of this module's own: what a call stores is really stored, and a broken transaction is seen."""
    name, folder, _ = bed.another()
    bed.create(name, folder)
    default = connections["default"].settings_dict
    before = default["NAME"]
    connections.close_all()
    default["NAME"] = name
    with django_db_blocker.unblock():
        yield
        connections.close_all()
    default["NAME"] = before
    bed.drop(name, folder)


@pytest.fixture(autouse=True)
def open_gates(fuzzed: None, at: Callable[[str], Any], settings: Any) -> Iterator[None]:
    """A time at which clinics are open, and no limit on the number of calls: it would hide everything behind it."""
    settings.API_LIMITS = False
    at(NOW)
    cache.clear()
    directory.forget()
    yield
    directory.forget()


@dataclass
class Known:
    """Codes that answers have shown: by the collection that they stood in, and by the name of their field."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, path: str, said: Any) -> None:
        collection = path.partition("{")[0].strip("/").rpartition("/")[2]
        if collection == "tokens":  # revoking the token in use would end the walk
            return
        self._walk(said, collection)

    def _walk(self, said: Any, name: str) -> None:
        if isinstance(said, dict):
            for key, value in said.items():
                self._walk(value, name if key in {"code", "results"} else key)
                if key == "slug" and isinstance(value, str):
                    self.add("slug", value)
        elif isinstance(said, list):
            for value in said[:20]:
                self._walk(value, name)
        elif isinstance(said, str) and UUID_TEXT.fullmatch(said):
            self.add(name, said)

    def add(self, name: str, value: str) -> None:
        known = self.found.setdefault(name, [])
        if value not in known:
            known.insert(0, value)

    def one(self, name: str, turn: int) -> str | None:
        for word in (CALLED.get(name, name), f"{name}s", name):
            if known := self.found.get(word):
                return known[turn % min(len(known), 5)]
        return None


class Walk:
    """The API of one host, and somebody there who may do everything."""

    def __init__(self, slug: str, *, altered: Callable[[dict[str, Any]], None] | None = None) -> None:
        """``altered`` changes the document before it is compared with, to see that a difference is noticed."""
        self.slug = slug
        self.tenant = context_for(slug=slug)
        self.origin = f"http://{slug}.{settings.BASE_DOMAIN}"
        self.headers = {"Authorization": f"Bearer {self._token()}"}
        self.known = Known()
        self.turn = count()
        self.suspects = cycle(SUSPECTS)
        self.failures: dict[str, str] = {}
        self.statuses: dict[str, Counter[int]] = {}
        self.enforced: set[str] = set()
        config = SchemathesisConfig()
        self.generation = GenerationConfig(with_security_parameters=False)
        config.projects.default.generation = self.generation
        self.client = Client(HTTP_HOST=self.origin.removeprefix("http://"))
        document = json.loads(self.client.get("/api/schema/").content)
        if altered is not None:
            altered(document)
        self.schema = schemathesis.openapi.from_dict(document, config=config)
        self.schema.app = application
        self._look_around()

    def _token(self) -> str:
        """A token of somebody who holds every role, works at every site and has just confirmed who they are."""
        with activate(self.tenant):
            user = User.objects.filter(username="fuzz").first()
            if user is None:
                user = create_user(by=BY, username="fuzz", display_name="Fuzz", password="a long fuzz home 1")
                for role in Role.objects.all():
                    assign_role(by=BY, user=user, role=role)
                enrol_second_factor(by=BY, user=user, secret="JBSWY3DPEHPK3PXP")
            DeviceToken.objects.filter(user=user).delete()
            return issue_device_token(by=BY, user=user, name="fuzz", second_factor=True)[1]

    def _look_around(self) -> None:
        """Read every list once, so that later calls can name what is there."""
        for operation in self.operations():
            if operation.method.upper() == "GET" and "{" not in operation.path:
                for query in ({}, {"site": self.known.one("sites", 0), "patient": self.known.one("patients", 0)}):
                    case = operation.Case(query={name: value for name, value in query.items() if value})
                    self._note(operation.path, case.call(base_url=self.origin, headers=self.headers))
        for label, code in plant(self.tenant).items():
            if label in COLLECTIONS:
                self.known.add(COLLECTIONS[label], str(code))

    def operations(self) -> list[Any]:
        """The operations: reading first, then what makes rows, then what acts on them."""
        order = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 2, "DELETE": 3}
        found = [result.ok() for result in self.schema.get_all_operations() if isinstance(result, Ok)]
        return sorted(found, key=lambda one: (order[one.method.upper()], one.path.count("{"), one.path, one.method))

    def try_out(self, operation: Any, *, examples: int) -> None:
        """Call ``operation`` with ``examples`` sound calls, and as many unsound ones."""
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            @seed(20261208)
            @examples_of(
                max_examples=examples, derandomize=False, database=None, deadline=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
            )  # fmt: skip
            @given(case=strategy, real=st.sampled_from((True, True, False)))
            def call(case: Any, real: bool) -> None:
                if real:
                    self.fill(case)
                self.call(case)

            with suppress(Unsatisfiable):  # an operation without parameters has no unsound call
                call()

    def cover(self, operation: Any, *, at_most: int) -> None:
        """The edges of every parameter and field: the least, the most, missing, null, of another type."""
        generator = CoverageGenerator(
            operation=operation, generation_modes=list(GenerationMode), generation_config=self.generation,
            auth_storage=None, override=Override(), feedback=FeedbackSources(),
        )  # fmt: skip
        for case in islice(generator, at_most):
            self.call(case)

    def suspect(self, operation: Any, *, each: int) -> None:
        """Some suspects in each parameter of the address, and in a parameter that nobody declared."""
        names = [one.name for one in operation.query] if operation.query else []
        for name in (*names, "unheard_of"):
            for text in islice(self.suspects, each):
                case = operation.Case(query={name: text}, path_parameters=self._path(operation))
                self.call(case)

    def _path(self, operation: Any) -> dict[str, str]:
        return {name: self.named(operation.path, name) or "x" for name in re.findall(r"{(\w+)}", operation.path)}

    def named(self, path: str, name: str) -> str | None:
        """Something real for the parameter ``name`` of a path."""
        collection = path.partition("{" + name)[0].strip("/").rpartition("/")[2]
        turn = next(self.turn)
        if name == "slug":
            # Its own tenant stays: suspended, it would answer nothing any more.
            others = [slug for slug in self.known.found.get("slug", ()) if slug != self.slug]
            return others[turn % len(others)] if others else None
        return self.known.one(collection if name == "code" else name, turn)

    def fill(self, case: Any) -> None:
        """Name rows that are there, in the path, the query and the body."""
        turn = next(self.turn)
        for name in list(case.path_parameters or {}):
            if real := self.named(case.operation.path, name):
                case.path_parameters[name] = real
        if isinstance(case.body, dict):
            self._fill(case.body, turn)
        if isinstance(case.query, dict) and turn % 2:
            for one in case.operation.query:
                schema = one.definition.get("schema", {})
                if schema.get("format") == "uuid" and (real := self.known.one(one.name, turn)):
                    case.query[one.name] = real
        case.headers.pop("Idempotency-Key", None)
        if "If-Match" in case.headers:
            case.headers["If-Match"] = self._version(case)

    def _version(self, case: Any) -> str:
        """The entity tag of the row that ``case`` is about, as its reader would have it."""
        path = case.operation.path.partition("}/")[0] + "}/"
        answer = self.client.get(path.format(**case.path_parameters), headers=self.headers)
        return answer.headers.get("ETag", '"none"')

    def _fill(self, said: dict[str, Any], turn: int) -> None:
        for name, value in said.items():
            if isinstance(value, dict):
                self._fill(value, turn)
            elif isinstance(value, list):
                for entry in value:
                    if isinstance(entry, dict):
                        self._fill(entry, turn)
            elif isinstance(value, str) and UUID_TEXT.fullmatch(value) and (real := self.known.one(name, turn)):
                said[name] = real

    def reached(self, operations: list[Any]) -> float:
        """The share of operations that did what they are for at least once; the others were refused each time."""
        done = [one for one in operations if any(status < 300 for status in self.statuses.get(one.label, ()))]
        return len(done) / len(operations)

    def call(self, case: Any) -> None:
        """One call and its checks; what fails is kept, so that one run shows everything."""
        label = case.operation.label
        skipped = [ignored_auth] if label in self.enforced else []
        response = case.call(base_url=self.origin, headers=self.headers)
        self.statuses.setdefault(label, Counter())[response.status_code] += 1
        try:
            case.validate_response(
                response, checks=CHECKS, excluded_checks=skipped, headers=self.headers,
                transport_kwargs={"headers": self.headers, "app": application, "base_url": self.origin},
            )  # fmt: skip
        except FailureGroup as group:
            for failure in group.exceptions:
                self.failures.setdefault(f"{label}: {type(failure).__name__}", f"{failure}\n{group}"[:1500])
        if 200 <= response.status_code < 300:
            self.enforced.add(label)
        self._note(case.operation.path, response)

    def _note(self, path: str, response: Any) -> None:
        if 200 <= response.status_code < 300 and response.content:
            with suppress(json.JSONDecodeError):
                self.known.learn(path, json.loads(response.content))


def report(walk: Walk) -> str:
    return "\n\n".join(f"=== {what}\n{said}" for what, said in sorted(walk.failures.items()))


# What an earlier host has shown already is not tried again at the next one in the short run.
_seen: set[str] = set()


@pytest.mark.slow
@pytest.mark.parametrize("slug", HOSTS)
def test_every_operation_keeps_its_description(slug: str) -> None:
    """Given somebody with every right, when each operation is called soundly and unsoundly, then the answer fits."""
    walk = Walk(slug)
    mine = [operation for operation in walk.operations() if operation.label not in _seen]
    for operation in mine:
        walk.try_out(operation, examples=2)
        if operation.method.upper() == "GET":
            walk.suspect(operation, each=2)
        _seen.add(operation.label)
    assert mine
    assert not walk.failures, report(walk)
    assert walk.reached(mine) > 0.25, walk.statuses


@pytest.mark.long
@pytest.mark.parametrize("slug", HOSTS)
def test_every_operation_keeps_its_description_deeply(slug: str) -> None:
    """The same with the edges of every field and many more calls, on every host."""
    walk = Walk(slug)
    for operation in walk.operations():
        walk.try_out(operation, examples=30)
        walk.cover(operation, at_most=150)
        walk.suspect(operation, each=len(SUSPECTS))
    assert not walk.failures, report(walk)


@pytest.mark.parametrize("what", ["status", "body", "token"])
def test_the_walk_sees_a_difference(what: str) -> None:
    """The control: an operation described wrongly, or open although a token is demanded, is found."""

    def alter(document: dict[str, Any]) -> None:
        if what == "token":
            document["paths"]["/api/schema/"] = {"get": {**document["paths"]["/api/v1/auth/me/"]["get"], "responses": {
                "200": {"description": "open"}}}}  # fmt: skip
            return
        answers = document["paths"]["/api/v1/auth/me/"]["get"]["responses"]
        if what == "status":
            answers["299"] = answers.pop("200")
        else:
            answers["200"]["content"]["application/json"]["schema"] = {"type": "array"}

    walk = Walk("orchid", altered=alter)
    label = "GET /api/schema/" if what == "token" else "GET /api/v1/auth/me/"
    walk.try_out(next(one for one in walk.operations() if one.label == label), examples=2)
    expected = {"status": "UndefinedStatusCode", "body": "JsonSchemaError", "token": "IgnoredAuth"}[what]
    assert f"{label}: {expected}" in walk.failures


def test_what_is_described_is_what_the_host_has() -> None:
    """The base domain has pages only; a clinic describes no operation of the operators, nor of a vertical it lacks."""
    smile, ops = Walk("smile"), Walk("ops")
    described = {operation.path for operation in smile.operations()}
    assert any(path.startswith("/api/v1/patients/") for path in described)
    assert not any(path.startswith(("/api/v1/operators/", "/api/v1/escort/")) for path in described)
    assert any(operation.path.startswith("/api/v1/operators/") for operation in ops.operations())
    UUID(smile.known.found["patients"][0])
