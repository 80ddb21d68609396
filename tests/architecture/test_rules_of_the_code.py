"""Rules that a linter does not know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.ROOT)
SOURCES = ("platform", "tenants", "services", *settings.ALL_VERTICALS)
OUTSIDE_OF_DJANGO = ROOT / "platform" / "config" / "launcher"
LONGEST = 620


def sources() -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and OUTSIDE_OF_DJANGO not in path.parents:
                yield path


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


FORBIDDEN_CALLS = {
    "datetime.now": "ask kernel.clock",
    "datetime.utcnow": "ask kernel.clock",
    "date.today": "ask kernel.clock",
    "timezone.now": "ask kernel.clock",
    "Now": "ask kernel.clock, not the database",
    "mark_safe": "build html with format_html or a template",
}
# The clock itself; markup that is made of constants and numbers only; libraries that live in real time.
MAY = {
    ("platform/kernel/clock.py", "datetime.now"),
    ("services/headquarters/writing.py", "mark_safe"),
    ("services/reception/web/cards.py", "mark_safe"),
}


def test_time_comes_from_the_clock_alone() -> None:
    found = []
    for path in sources():
        name = str(path.relative_to(ROOT))
        for line, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                call in FORBIDDEN_CALLS
                and (name, call) not in MAY
                and not (call == "mark_safe" and "kernel/web/" in name)
            ):
                found.append(f"{name}:{line}: {call}: {FORBIDDEN_CALLS[call]}")
    assert found == []


def test_no_field_fills_itself_with_the_time() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "auto_now" in line and not line.lstrip().startswith(("#", '"'))
    ]
    assert found == []


def test_no_room_of_utilities() -> None:
    assert [str(p.relative_to(ROOT)) for p in sources() if p.name in {"utils.py", "helpers.py", "misc.py"}] == []


def test_files_stay_readable() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in sources()
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_texts_are_marked_by_names_that_are_looked_for() -> None:
    """The catalogues are filled from calls of ``_`` and of the functions' own names; under another name a text stays English."""
    found = [
        f"{path.relative_to(ROOT)}: {name.name} as {name.asname}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname not in (None, "_")
    ]
    assert found == []


@pytest.mark.parametrize("name", ["TODO", "FIXME", "XXX"])
def test_nothing_is_left_for_later(name: str) -> None:
    assert [str(p.relative_to(ROOT)) for p in sources() if name in p.read_text(encoding="utf-8")] == []


def test_migrations_are_named_and_reversible() -> None:
    unnamed = [
        str(path.relative_to(ROOT))
        for folder in SOURCES
        for path in (ROOT / folder).rglob("migrations/0*.py")
        if "_auto_" in path.name
    ]
    irreversible = []
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("migrations/0*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("RunSQL", "RunPython")):
                    given = len(node.args) + len([k for k in node.keywords if k.arg in {"reverse_sql", "reverse_code"}])
                    if given < 2:
                        irreversible.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert unnamed == []
    assert irreversible == []
