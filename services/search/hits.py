"""What a search finds. Rooms declare providers: ``search=("services.x.search.find",)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kernel.context import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One line of the result.

    ``kind`` groups ("patient", "item", "command", …); ``state`` is a key of ``kernel.web.states`` (or a word of its
    own) shown as a badge; ``key`` a keyboard hint. Providers check the permission: the text is what the person may see.
    """

    kind: str
    title: str
    url: str
    subtitle: str = ""
    state: str = ""
    code: UUID | None = None
    icon: str = ""
    key: str = ""


class Provider(Protocol):
    """A dotted callable of a room: at most ``limit`` hits for ``q`` that ``actor`` may see, in one query."""

    def __call__(self, actor: Actor, q: str, limit: int) -> list[Hit]: ...
