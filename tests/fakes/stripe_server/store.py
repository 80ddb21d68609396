"""Everything the server remembers: one SQLite file, one writer at a time, all or nothing per request."""

from __future__ import annotations

import copy
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stripe_server.wire import missing

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (id TEXT PRIMARY KEY, kind TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting', status INTEGER, detail TEXT NOT NULL DEFAULT ''
);
"""


class Store:
    """Objects by id and kind. Reads hand out copies; writes are staged until the request has succeeded."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(folder / "stripe.sqlite3", check_same_thread=False, isolation_level=None)
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        self._objects: dict[str, Row] = {}
        self._kinds: dict[str, dict[str, None]] = {}
        self._staged: dict[str, Row | None] = {}
        self._seq = 0
        self._depth = 0
        self.after_commit: Callable[[], None] = lambda: None
        for identifier, kind, seq, body in self.connection.execute(
            "SELECT id, kind, seq, body FROM objects ORDER BY seq"
        ):
            self._objects[identifier] = json.loads(body)
            self._kinds.setdefault(kind, {})[identifier] = None
            self._seq = max(self._seq, seq)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the store; keep what was staged only if nothing is raised. Nested use joins the outer one."""
        with self.lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self.connection.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._flush()
                    self.connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1:
                    self._staged.clear()
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1
        if self._depth == 0:
            self.after_commit()

    def _flush(self) -> None:
        for identifier, body in self._staged.items():
            if body is None:
                gone = self._objects.pop(identifier, None)
                if gone:
                    self._kinds[gone["object"]].pop(identifier, None)
                self.connection.execute("DELETE FROM objects WHERE id = ?", (identifier,))
                continue
            if identifier not in self._objects:
                self._seq += 1
                self.connection.execute(
                    "INSERT INTO objects (id, kind, seq, body) VALUES (?, ?, ?, ?)",
                    (identifier, body["object"], self._seq, json.dumps(body)),
                )
                self._kinds.setdefault(body["object"], {})[identifier] = None
                if body["object"] == "event":
                    self.connection.execute(
                        "INSERT INTO deliveries (event, due) VALUES (?, ?)", (identifier, time.time())
                    )
            else:
                self.connection.execute("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), identifier))
            self._objects[identifier] = body
        self._staged.clear()

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """Undo whatever is staged inside: previews run the real code and forget it."""
        before = copy.deepcopy(self._staged)
        try:
            yield
        finally:
            self._staged = before

    def put(self, row: Row) -> Row:
        """Stage a new or changed object."""
        self._staged[row["id"]] = copy.deepcopy(row)
        return row

    def remove(self, identifier: str) -> None:
        """Stage a removal."""
        self._staged[identifier] = None

    def find(self, identifier: Any) -> Row | None:
        """A copy of the object, or None."""
        if identifier in self._staged:
            return copy.deepcopy(self._staged[identifier])
        row = self._objects.get(identifier)
        return copy.deepcopy(row) if row else None

    def get(self, kind: str, identifier: Any, param: str = "id") -> Row:
        """A copy of the object of this kind. Raises Stripe's 404 otherwise."""
        row = self.find(identifier)
        if row is None or row["object"] != kind:
            raise missing(kind.replace("_", " ").replace(".", " "), identifier, param)
        return row

    def every(self, kind: str, *, newest_first: bool = False, **equal: Any) -> list[Row]:
        """All objects of a kind whose fields equal the given ones, oldest first."""
        ids = list(self._kinds.get(kind, {}))
        ids += [key for key, row in self._staged.items() if row and row["object"] == kind and key not in self._objects]
        rows = []
        for identifier in ids:
            row = self._staged[identifier] if identifier in self._staged else self._objects[identifier]
            if row and all(row.get(field) == value for field, value in equal.items()):
                rows.append(copy.deepcopy(row))
        return rows[::-1] if newest_first else rows

    def reply(self, key: str) -> tuple[str, int, str] | None:
        """The stored answer of an idempotency key: fingerprint of the request, status, body."""
        return self.connection.execute("SELECT fingerprint, status, body FROM replies WHERE key = ?", (key,)).fetchone()

    def keep_reply(self, key: str, fingerprint: str, status: int, body: str) -> None:
        """Remember the answer of an idempotency key."""
        self.connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", (key, fingerprint, status, body))

    def wipe(self) -> None:
        """Forget everything."""
        with self.lock:
            self.connection.executescript("DELETE FROM objects; DELETE FROM replies; DELETE FROM deliveries;")
            self._objects.clear()
            self._kinds.clear()
            self._staged.clear()

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()
