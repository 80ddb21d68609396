"""State machines as tables: who may move what from where to where, under which guard, with which effect.

A room declares one machine per life cycle and moves rows only through it. The same table serves the check before a
button is drawn, the move itself, the database constraint and the page in the docs.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import clock
from kernel.context import Actor
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused

Text = str | Promise

# ``(row, by, **facts)``: returns None to let the move pass, or what stands against it.
Guard = Callable[..., "DomainError | Text | None"]
# ``(row, by, **facts)``: changes the locked row (it is saved after) and may write others in the same transaction.
Effect = Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of a table. ``source`` may name several states; ``who`` holds permission words, any one of which is
    enough (empty: only the product itself, by clock or event).

    ``stamp`` names a date-time field of the row that gets the moment of the move. ``limit`` is said for the reader: the
    time limit is kept by a timer. ``effect_note`` and ``guard_note`` replace the first line of their docstrings.
    """

    source: str | tuple[str, ...]
    target: str
    who: tuple[str, ...] = ()
    guard: Guard | None = None
    effect: Effect | None = None
    stamp: str = ""
    limit: Text = ""
    ledger: tuple[str, ...] = ()
    guard_note: Text = ""
    effect_note: Text = ""

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else tuple(self.source)


@dataclass(frozen=True, slots=True)
class Option:
    """A move that exists from where the row stands now, and what stands against it (None: nothing)."""

    transition: Transition
    label: Text
    refusal: DomainError | None

    @property
    def target(self) -> str:
        return self.transition.target

    @property
    def possible(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateMachine:
    """The life cycle of one kind of row.

    ``name`` is "room.thing" and begins the audit verb; ``states`` maps each state to its label; ``field`` is the
    column.

    Raises ValueError at import for a table that names unknown states, repeats a move for the same word or holds a state
    that nothing leads to.
    """

    name: str
    initial: str
    states: Mapping[str, Text] | Sequence[str]
    transitions: tuple[Transition, ...]
    field: str = "state"
    _by_source: dict[str, tuple[Transition, ...]] = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.states, Mapping):
            object.__setattr__(self, "states", {state: state for state in self.states})
        known = set(self.states)
        table: dict[str, list[Transition]] = {state: [] for state in self.states}
        for transition_ in self.transitions:
            unknown = {*transition_.sources, transition_.target} - known
            if unknown:
                raise ValueError(f"{self.name}: no such state {', '.join(sorted(unknown))}")
            for source in transition_.sources:
                for other in table[source]:
                    if other.target == transition_.target and (set(other.who) & set(transition_.who) or not other.who):
                        raise ValueError(f"{self.name}: {source} to {transition_.target} stands there twice")
                table[source].append(transition_)
        if self.initial not in known:
            raise ValueError(f"{self.name}: no such state {self.initial}")
        unreachable = known - {self.initial} - {transition_.target for transition_ in self.transitions}
        if unreachable:
            raise ValueError(f"{self.name}: nothing leads to {', '.join(sorted(unreachable))}")
        object.__setattr__(self, "_by_source", {state: tuple(rows) for state, rows in table.items()})

    # --- the table ------------------------------------------------------------------------------------------------

    @property
    def choices(self) -> list[tuple[str, Text]]:
        """For the model field."""
        return list(self._labels.items())

    @property
    def terminal(self) -> frozenset[str]:
        """The states that nothing leads out of."""
        return frozenset(state for state, rows in self._by_source.items() if not rows)

    @property
    def open(self) -> frozenset[str]:
        """The states that are not terminal."""
        return frozenset(self._by_source) - self.terminal

    def label(self, state: str) -> Text:
        """What people call ``state``. Raises KeyError."""
        return self._labels[state]

    def targets(self, state: str) -> tuple[str, ...]:
        """Where the table leads from ``state``, in the order of the table, each once."""
        return tuple(dict.fromkeys(row.target for row in self._by_source.get(state, ())))

    def constraint(self, name: str) -> models.CheckConstraint:
        """The database's own check that the column holds a state of this machine."""
        return models.CheckConstraint(condition=models.Q(**{f"{self.field}__in": sorted(self._labels)}), name=name)

    @property
    def _labels(self) -> Mapping[str, Text]:
        assert isinstance(self.states, Mapping)
        return self.states

    # --- the moves ------------------------------------------------------------------------------------------------

    def move(self, obj: models.Model, target: str, *, by: Actor, **facts: Any) -> models.Model:
        """Move ``obj`` to ``target`` and return it, fresh from the database and locked until the transaction ends.

        The row is locked and read again first, so of two people who move it at once the second one is judged by what
        the first one left behind; unsaved changes of ``obj`` are dropped (pass them as ``facts``, the effect applies
        them). Order: the table, the word, the guard, then state, stamp, effect, save, audit.

        Raises Conflict (``invalid_transition``, naming the states that are open), Forbidden (``transition_forbidden``)
        and whatever the guard answers.
        """
        from kernel import audit

        # Within somebody's transaction a refusal ends all of it: a savepoint at every move would be paid for nothing.
        with nullcontext() if connection.in_atomic_block else transaction.atomic():
            self._lock(obj)
            source = getattr(obj, self.field)
            chosen = self._choose(obj, source, target, by)
            self._ask_guard(chosen, obj, by, facts)
            setattr(obj, self.field, target)
            if chosen.stamp:
                setattr(obj, chosen.stamp, clock.now())
            if chosen.effect is not None:
                chosen.effect(obj, by, **facts)
            if hasattr(obj, "version"):
                obj.version += 1
            obj.save()
            audit.record(by=by, verb=f"{self.name}.{target}", target=obj, site=_site_of(obj), source=source)
        return obj

    def options(self, obj: models.Model, *, by: Actor, **facts: Any) -> list[Option]:
        """Every move from where ``obj`` stands that ``by`` has a word for, with the refusal that a try would meet now.

        For drawing buttons: nothing is locked, so the answer may be out of date by the time of the move.
        """
        found = []
        for row in self._by_source.get(getattr(obj, self.field), ()):
            if not _holds(row, obj, by):
                continue
            refusal = None
            try:
                self._ask_guard(row, obj, by, facts)
            except DomainError as error:
                refusal = error
            found.append(Option(row, self.label(row.target), refusal))
        return found

    def _lock(self, obj: models.Model) -> None:
        if obj.pk is None:
            raise ValueError(f"{self.name}: a row is saved before it moves")
        site = obj._state.fields_cache.get("site")
        manager = type(obj)._base_manager
        obj.refresh_from_db(from_queryset=manager.select_for_update(of=("self",)))
        if site is not None and site.pk == obj.site_id:  # type: ignore[attr-defined]  # a row with a site has its key
            # The word is asked for at the row's site; a site that is known is not read again at every move.
            obj._state.fields_cache["site"] = site

    def _choose(self, obj: models.Model, source: str, target: str, by: Actor) -> Transition:
        rows = [row for row in self._by_source.get(source, ()) if row.target == target]
        if not rows:
            allowed = self.targets(source)
            names = ", ".join(str(self.label(state)) for state in allowed)
            here = str(self._labels.get(source, source))
            message = (
                _("From “%(state)s” this step is not possible. Possible now: %(allowed)s.")
                % {"state": here, "allowed": names}
                if allowed
                else _("“%(state)s” is final; nothing follows it.") % {"state": here}
            )
            raise Conflict(
                "invalid_transition", message, machine=self.name, state=source, target=target, allowed=list(allowed)
            )
        for row in rows:
            if _holds(row, obj, by):
                return row
        raise Forbidden(
            "transition_forbidden",
            _("You do not have the right to take this step. Ask your supervisor."),
            machine=self.name,
            target=target,
            permissions=sorted({word for row in rows for word in row.who}),
        )

    def _ask_guard(self, row: Transition, obj: models.Model, by: Actor, facts: Mapping[str, Any]) -> None:
        if row.guard is None:
            return
        answer = row.guard(obj, by, **facts)
        if isinstance(answer, DomainError):
            raise answer
        if answer:
            raise RuleRefused("transition_refused", answer, machine=self.name, target=row.target)


def _holds(row: Transition, obj: models.Model, by: Actor) -> bool:
    if by.kind == "system":
        return True
    site = _site_of(obj)
    return any(by.can(word, site=site) for word in row.who)


def _site_of(obj: models.Model) -> UUID | None:
    """The site a row belongs to, by its ``site`` key or its ``site_code``; None for rows of the whole tenant."""
    site = getattr(obj, "site", None)
    return site.code if site is not None else getattr(obj, "site_code", None)


# --- the docs -------------------------------------------------------------------------------------------------------


def render_markdown(machine: StateMachine) -> str:
    """The machine as a page of the docs: its states and its table, in the words of the code."""
    lines = [f"### {machine.name}", "", f"Starts as `{machine.initial}`; ends in {_code_list(machine.terminal)}.", ""]
    lines += ["| From → to | Who | Guard / effect | Limit | Ledger |", "|---|---|---|---|---|"]
    for row in machine.transitions:
        cells = (
            f"{_code_list(row.sources, sort=False)} → `{row.target}`",
            _code_list(row.who, sort=False) if row.who else "the system",
            "; ".join(_notes(row)) or "—",
            str(row.limit) or "—",
            ", ".join(row.ledger) or "—",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def render_mermaid(machine: StateMachine) -> str:
    """The machine as a Mermaid state diagram."""
    ids = {state: state.replace("-", "_") for state in machine._labels}
    lines = ["stateDiagram-v2", f"    [*] --> {ids[machine.initial]}"]
    edges = dict.fromkeys((source, row.target) for row in machine.transitions for source in row.sources)
    lines += [f"    {ids[source]} --> {ids[target]}" for source, target in edges]
    lines += [f"    {ids[state]} --> [*]" for state in machine._labels if state in machine.terminal]
    return "\n".join([*lines, ""])


def _notes(row: Transition) -> Iterator[str]:
    for callable_, note in ((row.guard, row.guard_note), (row.effect, row.effect_note)):
        text = str(note) or (inspect.getdoc(callable_) or callable_.__name__ if callable_ else "")
        if text:
            yield text.strip().splitlines()[0].rstrip(".")
    if row.stamp:
        yield f"sets `{row.stamp}`"


def _code_list(words: Iterable[str], *, sort: bool = True) -> str:
    return ", ".join(f"`{word}`" for word in (sorted(words) if sort else words)) or "nothing"
