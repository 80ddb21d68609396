"""Benchmarks: what they measured is printed as one table and kept in ``var/bench.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest

from config.launcher.pytest_plugin import testbed
from config.launcher.system import write_atomically

_results: list[dict[str, Any]] = []


@pytest.fixture
def budget(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``budget("tenancy", 1.04, at_most=1.10, unit="x")`` keeps a measurement and fails when it breaks its budget."""

    def keep(name: str, value: float, *, at_most: float, unit: str, note: str = "") -> None:
        kept = value <= at_most
        _results.append(
            {
                "name": name,
                "value": value,
                "budget": at_most,
                "unit": unit,
                "kept": kept,
                "note": note,
                "test": request.node.nodeid,
            }
        )
        assert kept, f"{name}: {value:.3f} {unit}, the budget is {at_most} {unit}"

    return keep


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, Any, Any]:
    """Print the table and write the file."""
    yield
    if not _results:
        return
    terminalreporter.section("benchmarks")
    width = max(len(result["name"]) for result in _results)
    for result in _results:
        mark = "ok " if result["kept"] else "OVER"
        measured = f"{result['value']:>10.3f} {result['unit']:<4} budget {result['budget']:g}"
        line = f"{mark:<5}{result['name']:<{width}}  {measured}  {result['note']}"
        terminalreporter.write_line(line.rstrip())
    path = testbed().main_var / "bench.json"
    write_atomically(path, json.dumps({"results": _results}, ensure_ascii=False, indent=2) + "\n", mode=0o644)
    terminalreporter.write_line(f"written to {path}")
