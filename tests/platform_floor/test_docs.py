"""The documentation keeps up with the code: life cycles are current, indexes are complete."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kernel import registry
from kernel.web.machines_page import machines, render

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_life_cycles_is_what_the_code_says() -> None:
    page = DOCS / "machines.md"
    assert page.read_text(encoding="utf-8") == render(), "run manage.py render_machines"
    assert {machine.name for machine in machines()} >= {"reception.visit", "appointments.appointment", "cashier.slip"}
    declared = sum(len(room.machines) for room in registry.rooms())
    assert page.read_text(encoding="utf-8").count("```mermaid") == declared


@pytest.mark.parametrize("folder", ["adr", "rooms", "guides"])
def test_an_index_lists_every_page_of_its_folder(folder: str) -> None:
    listed = re.findall(r"\]\(([\w.-]+\.md)\)", (DOCS / folder / "README.md").read_text(encoding="utf-8"))
    assert len(listed) == len(set(listed))
    assert set(listed) == {path.name for path in (DOCS / folder).glob("*.md")} - {"README.md"}


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (DOCS / "adr").glob("0*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    for path in (DOCS / "adr").glob("0*.md"):
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])} ")


def test_every_component_that_is_asked_for_stands_in_the_list_of_third_parties() -> None:
    text = (DOCS.parent / "THIRD_PARTY.md").read_text(encoding="utf-8").lower()
    asked: set[str] = set()
    for path in (DOCS.parent / "requirements").glob("*.in"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"[a-zA-Z][\w.-]*", line):
                asked.add(match[0].lower())
    package = json.loads((DOCS.parent / "frontend" / "package.json").read_text(encoding="utf-8"))
    asked |= {*package["dependencies"], *package["devDependencies"]}
    named = set(re.findall(r"[\w@./-]+", text))
    assert asked <= named, asked - named
