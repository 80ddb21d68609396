"""The life of an import: read, checked, written, and perhaps taken back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.errors import Conflict, DomainError
from kernel.states import StateMachine, Transition

# The product works on these by itself.
AT_WORK = ("reading", "running", "undoing")


def _begin(row: Any, by: Actor, **facts: Any) -> None:
    """who started it is kept"""
    row.started_by_name = by.name


def _something_ready(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """only where a row is ready"""
    if row.rows.filter(state="ready").exists():
        return None
    return Conflict(
        "nothing_to_import", _("No row is ready. Correct the file and upload it again, or decide about likely doubles.")
    )


BATCH = StateMachine(
    name="importing.batch",
    initial="reading",
    states={
        "reading": pgettext_lazy("import", "Being checked"),
        "checked": pgettext_lazy("import", "Checked"),
        "running": pgettext_lazy("import", "Being imported"),
        "done": pgettext_lazy("import", "Imported"),
        "undoing": pgettext_lazy("import", "Being taken back"),
        "undone": pgettext_lazy("import", "Taken back"),
        "discarded": pgettext_lazy("import", "Given up"),
    },
    transitions=(
        Transition(source="reading", target="checked"),
        Transition(
            source=("checked", "done"),
            target="running",
            who=("importing.run",),
            guard=_something_ready,
            effect=_begin,
            stamp="started_at",
        ),
        Transition(source="running", target="done", stamp="finished_at"),
        Transition(source=("done", "undone"), target="undoing", who=("importing.undo",)),
        Transition(source="undoing", target="undone", stamp="undone_at"),
        Transition(source=("reading", "checked"), target="discarded", who=("importing.run",)),
    ),
)
