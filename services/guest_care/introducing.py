"""What a line of business wants said when a guest is handed to the doctor (FD-014).

A line of business puts its ``Introducing`` into the slot ``guest_care.introduction``; without one, doctor and purpose are
enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.module_loading import import_string

from kernel import registry

SLOT = "guest_care.introduction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Introducing:
    """``nurse``: the receiving nurse is introduced too. ``precautions``: what is special about the guest is passed on,
    and said to be nothing where there is nothing."""

    nurse: bool = False
    precautions: bool = False


PLAIN = Introducing()


def introducing_of(vertical: str) -> Introducing:
    """The rule of an active line of business."""
    for line in registry.active_verticals():
        if line.key == vertical:
            for path in line.slots.get(SLOT, ()):
                rule: Introducing = import_string(path)
                return rule
    return PLAIN
