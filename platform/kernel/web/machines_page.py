"""The page of the docs that shows every life cycle, written from the tables that the product runs on."""

from __future__ import annotations

from django.utils import translation
from django.utils.module_loading import import_string

from kernel import registry
from kernel.states import StateMachine, render_markdown, render_mermaid

HEAD = """# Life cycles

Written by `manage.py render_machines` from the tables of the code (`Room.machines`); change those and run it again. Who, guard,
effect and limit of each step stand in one place each. The requirement behind them: [11-state-machines](requirements/11-state-machines.md).
"""


def machines() -> list[StateMachine]:
    """Every machine of this build, by name."""
    found = [import_string(dotted) for room in registry.rooms() for dotted in room.machines]
    return sorted(found, key=lambda machine: str(machine.name))


def render() -> str:
    """The whole page, in English whatever the caller's language."""
    with translation.override("en"):
        parts = [HEAD]
        for machine in machines():
            parts += [render_markdown(machine), "```mermaid\n" + render_mermaid(machine) + "```\n"]
        return "\n".join(parts)
