"""The life of a row, walked over the API: every step that its machine knows, and every step that it does not know.

A ``Life`` is a table beside the table of the code: how a row gets into each state, which operations act on one row, where
each of them leads. ``walk`` takes them all. From a state where an operation leads nowhere it must be refused: with its code,
in the audit, with nothing else written; and by somebody without the word where it does lead somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.states import StateMachine
from tests.scenarios.over_http import Clinic, footprint

# Whoever takes a part. They sign in before anything is undone, or their sessions would be undone with it.
PEOPLE = (
    "bai.lan", "yao.jing", "ren.tao", "fang.li", "gao.wen", "shen.ke", "mei.hua", "su.qi", "ye.fan", "dr.lin", "dr.xu",
    "dr.xie", "mo.xiao", "tang.rui", "admin.smile",
)  # fmt: skip
TABLE = (409, "invalid_transition")

Row = Mapping[str, Any]
Act = Callable[["House", str], Any]
Proof = Callable[["House", str, Row], None]


class House(Clinic):
    """A clinic whose clock can be moved and where what happened can be undone."""

    def __init__(self, at: Any, moment: str) -> None:
        at(moment)
        super().__init__()
        self.at = at
        for name in PEOPLE:
            assert self.who(name)._api

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside leaves nothing behind, and the clock stands where it stood."""
        before = clock.now().isoformat()
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        self.at(before)

    def tasks(self, username: str, kind: str, subject: str = "") -> list[dict[str, Any]]:
        """Open tasks of this kind that somebody sees, of one patient or all."""
        lines = self.who(username).lists("tasks/", kind=kind, page_size=100)
        return [line for line in lines if not subject or line["subject"] == subject]

    def one(self, username: str, path: str, code: str) -> Row:
        """The line of a list with this code."""
        [found] = [line for line in self.who(username).lists(path, page_size=100) if line["code"] == code]
        return found


def step(path: str, by: str, **body: Any) -> Act:
    """Somebody's step over the API; ``path`` with ``{code}``."""
    return lambda house, code: house.who(by).does(path.format(code=code), **body)


def after(put: Callable[[House], str], *steps: Act) -> Callable[[House], str]:
    """A row that ``put`` makes and ``steps`` lead on."""

    def reached(house: House) -> str:
        code = put(house)
        for one in steps:
            one(house, code)
        return code

    return reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """An operation on one row: who takes it, where, with what (``body`` may depend on the row's state and the clock).

    ``stranger`` is somebody without the word and the code of their refusal; ``""``: there is nobody to try.
    """

    by: str
    path: str
    body: Mapping[str, Any] | Callable[[House, str], Mapping[str, Any]] = field(default_factory=dict)
    versioned: bool = False
    stranger: str = ""
    stranger_code: str = "permission_denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A step of the table: by an operation (``verb``), or by several, the clock or another room (``act``)."""

    source: str | tuple[str, ...]
    target: str
    verb: str = ""
    act: Act | None = None
    proof: Proof | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is walked. ``passing``: states in which no operation leaves a row; ``born``: steps out of them, which making a row
    takes by itself. ``stays``: where an operation is taken and leads nowhere. ``refused``: what an operation answers where
    that is not the refusal of the table."""

    machine: StateMachine
    moment: str
    ledger: tuple[str, ...]
    puts: Mapping[str, Callable[[House], str]]
    reads: Callable[[House, str], Row]
    verbs: Mapping[str, Verb]
    edges: tuple[Edge, ...]
    stays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: Mapping[str, Mapping[str, tuple[int, str]]] = field(default_factory=dict)
    passing: tuple[str, ...] = ()
    born: tuple[tuple[str, str], ...] = ()

    @property
    def walked(self) -> set[tuple[str, str]]:
        """Every step that is taken."""
        return {(source, edge.target) for edge in self.edges for source in edge.sources} | set(self.born)

    def refusal(self, state: str, verb: str) -> tuple[int, str]:
        """(status, code) of an operation that leads nowhere from here."""
        return self.refused.get(verb, {}).get(state, TABLE)


def walk(house: House, life: Life) -> None:
    """Take every step of a life, and try every other one."""
    for state in life.machine.states:
        if state in life.passing:
            continue
        with house.undone():
            code = life.puts[state](house)
            assert life.reads(house, code)["state"] == state
            steps = [edge for edge in life.edges if state in edge.sources]
            # Refusals write nothing but the audit, so one look before and one after is enough for all of them.
            before = footprint()
            for name, verb in life.verbs.items():
                taken = any(edge.verb == name for edge in steps) or state in life.stays.get(name, ())
                _refuse(house, life, state, code, name, verb, taken=taken)
            after_ = footprint()
            assert after_ == before, (life.machine.name, state, {one for one in before if before[one] != after_[one]})
            for name, verb in life.verbs.items():
                if state in life.stays.get(name, ()):
                    _take(house, life, code, Edge(source=state, target=state), _act(life, verb))
            for edge in steps:
                _take(house, life, code, edge, edge.act or _act(life, life.verbs[edge.verb]))


def _refuse(house: House, life: Life, state: str, code: str, name: str, verb: Verb, *, taken: bool) -> None:
    """An operation that is open from here is refused to a stranger; one that is not, to whoever else takes it."""
    username, wanted = verb.by, life.refusal(state, name)
    if taken:
        username, wanted = verb.stranger, (403, verb.stranger_code)
        if not username:
            return
    said = AuditEntry.objects.filter(verb="refused").count()
    answer = _send(house, life, code, verb, username)
    problem = answer.json()
    where = (life.machine.name, f"“{name}” from “{state}” by {username}", problem)
    assert (answer.status_code, problem.get("code")) == wanted, where
    assert problem["detail"], where
    if not taken:
        heard = AuditEntry.objects.filter(verb="refused").order_by("-pk")
        assert heard.count() == said + 1, where
        assert heard[0].data["code"] == wanted[1], where


def _act(life: Life, verb: Verb) -> Act:
    def act(house: House, code: str) -> None:
        answer = _send(house, life, code, verb, verb.by)
        assert answer.status_code in (200, 201), (life.machine.name, verb, answer.content.decode())

    return act


def _take(house: House, life: Life, code: str, edge: Edge, act: Act) -> None:
    with house.undone():
        act(house, code)
        row = life.reads(house, code)
        assert row["state"] == edge.target, (life.machine.name, edge, row)
        if edge.proof is not None:
            edge.proof(house, code, row)


def _send(house: House, life: Life, code: str, verb: Verb, username: str) -> Any:
    body = verb.body(house, code) if callable(verb.body) else verb.body
    version = life.reads(house, code)["version"] if verb.versioned else None
    return house.who(username).tries(verb.path.format(code=code), version=version, **body)
