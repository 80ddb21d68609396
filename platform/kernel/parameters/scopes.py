"""For whom a value is meant, from the widest to the narrowest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

CHAIN: Final = "chain"
TENANT: Final = "tenant"
SITE: Final = "site"
VERTICAL: Final = "vertical"
# The narrower one wins, unless a wider one is locked.
LEVELS: Final = (CHAIN, TENANT, SITE, VERTICAL)


@dataclass(frozen=True, slots=True)
class Scope:
    """A level and whom it names there: a site's code, a vertical's key, nothing for chain and tenant."""

    kind: str
    code: str = ""

    def __post_init__(self) -> None:
        if self.kind not in LEVELS or bool(self.code) != (self.kind in (SITE, VERTICAL)):
            raise ValueError(f"no such scope: {self.kind} {self.code}")

    @classmethod
    def chain(cls) -> Self:
        """What headquarters publishes and the tenant adopted."""
        return cls(CHAIN)

    @classmethod
    def tenant(cls) -> Self:
        """The whole tenant."""
        return cls(TENANT)

    @classmethod
    def site(cls, code: UUID) -> Self:
        """One site."""
        return cls(SITE, str(code))

    @classmethod
    def vertical(cls, key: str) -> Self:
        """Visits of one vertical, at every site."""
        return cls(VERTICAL, key)

    @property
    def site_code(self) -> UUID | None:
        return UUID(self.code) if self.kind == SITE else None
