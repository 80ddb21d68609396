"""Who acts, and within which request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID


class _Everywhere(frozenset[UUID]):
    """The grant for every site of the tenant."""

    def __contains__(self, item: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return "ALL"


ALL: Final = _Everywhere()


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever acts: a person, a device token, the clock, or somebody with a public link.

    ``grants`` maps a permission word to the codes of the sites where it holds, or to ``ALL``.
    """

    kind: Literal["user", "token", "system", "public"]
    name: str
    user_id: int | None = None
    code: UUID | None = None
    username: str = ""
    grants: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    deputy_for: frozenset[UUID] = frozenset()

    def can(self, word: str, *, site: UUID | None = None) -> bool:
        """Does the actor hold ``word``, at ``site`` if one is named?"""
        if self.kind == "system":
            return True
        sites = self.grants.get(word)
        if not sites:
            return False
        return site is None or site in sites

    def sites(self, word: str) -> frozenset[UUID]:
        """The site codes where ``word`` holds (``ALL`` for everywhere)."""
        if self.kind == "system":
            return ALL
        return self.grants.get(word, frozenset())

    @classmethod
    def system(cls, name: str) -> Actor:
        """The product itself acting by clock or event, e.g. ``Actor.system("timers")``."""
        return cls(kind="system", name=name)

    @classmethod
    def public(cls, name: str, *words: str) -> Actor:
        """Somebody without an account who holds a token link; ``words`` are what that link allows."""
        return cls(kind="public", name=name, grants=dict.fromkeys(words, ALL))


ANONYMOUS: Final = Actor(kind="public", name="anonymous")


@dataclass(frozen=True, slots=True)
class Reading:
    """A page or an answer is being made for ``actor``. ``known`` keeps what was found out about what they may read, so
    that it is asked for once per answer and not once per row."""

    actor: Actor
    known: dict[str, Any] = field(default_factory=dict)


_request_id: ContextVar[str] = ContextVar("request_id", default="")
_actor: ContextVar[Actor] = ContextVar("actor", default=ANONYMOUS)
_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)


def request_id() -> str:
    """The id that web, task, log and audit share for what happens now (empty outside of any)."""
    return _request_id.get()


def actor() -> Actor:
    """The actor bound to the running request or task."""
    return _actor.get()


@contextmanager
def bound(*, request_id: str | None = None, actor: Actor | None = None) -> Iterator[None]:
    """Bind the request id or the actor for the duration of a request, task or command."""
    undo: list[Callable[[], None]] = []
    if request_id is not None:
        undo.append(partial(_request_id.reset, _request_id.set(request_id)))
    if actor is not None:
        undo.append(partial(_actor.reset, _actor.set(actor)))
    try:
        yield
    finally:
        for reset in reversed(undo):
            reset()


def reading() -> Reading | None:
    """For whom something is being shown now; None while rules work (actions, the clock, commands)."""
    return _reading.get()


@contextmanager
def read_by(actor: Actor | None) -> Iterator[None]:
    """What is shown inside is shown to ``actor``: pages and operations run in it. ``None``: inside, rules work with what
    is written, and nothing is shown."""
    token = _reading.set(Reading(actor) if actor is not None else None)
    try:
        yield
    finally:
        _reading.reset(token)
