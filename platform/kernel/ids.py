"""Two ids per row: a bigint key inside, a UUIDv7 ``code`` everywhere else; and the version behind ``ETag``."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterable
from uuid import UUID

from django.db import models

from kernel import clock

_COUNTER_BITS = 12
_TAIL_BITS = 62
# A clock that falls back a little (leap second, time server) keeps the order; one that was moved on purpose is
# followed.
_TOLERATED_STEP_BACK_MS = 5_000


class _Source:
    """Hands out ids that grow within this process, also inside one millisecond."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.millisecond = -1
        self.counter = 0

    def next(self) -> tuple[int, int]:
        with self.lock:
            present = int(clock.now().timestamp() * 1000)
            fell_back = self.millisecond - present
            if fell_back < 0 or fell_back > _TOLERATED_STEP_BACK_MS:
                self.millisecond = present
                # The upper half stays free, so a busy millisecond has room to count on.
                self.counter = secrets.randbits(_COUNTER_BITS - 1)
            else:
                self.counter += 1
                if self.counter >> _COUNTER_BITS:
                    self.millisecond += 1
                    self.counter = secrets.randbits(_COUNTER_BITS - 1)
            return self.millisecond, self.counter


_source = _Source()
os.register_at_fork(after_in_child=lambda: setattr(_source, "lock", threading.Lock()))


def uuid7() -> UUID:
    """A new UUIDv7: sortable by time, growing within this process, with 62 random bits nobody can guess."""
    millisecond, counter = _source.next()
    value = millisecond << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(_TAIL_BITS)
    return UUID(int=value)


class CodeModel(models.Model):
    """A row with a bigint key that never leaves the process and a ``code`` for URLs, forms, events and logs."""

    id = models.BigAutoField(primary_key=True)
    code = models.UUIDField(default=uuid7, unique=True, editable=False)

    class Meta:
        abstract = True


class VersionedModel(CodeModel):
    """A row that people edit: its ``version`` grows with each change, so that nobody overwrites what they never saw."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    @property
    def etag(self) -> str:
        """The strong entity tag of this version, quoted as the header wants it."""
        return etag(self.code, self.version)

    def bump(self, fields: Iterable[str] | None = None) -> None:
        """Save ``fields`` (all of them by default) as the next version. The caller holds the row's lock."""
        self.version += 1
        self.save(update_fields=None if fields is None else {*fields, "version"})


def etag(code: UUID, version: int) -> str:
    """The strong entity tag of one version of one row."""
    return f'"{code.hex}-{version}"'
