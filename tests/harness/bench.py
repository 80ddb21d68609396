"""Benchmarks: what they measured is printed as one table and kept in ``var/bench.json``.

A machine may be slow or busy, so what fails is a ratio of two measurements of the same run, or a count. A bare time is
kept as a figure beside the time that was promised for it, and fails nothing.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from config.launcher.pytest_plugin import testbed
from config.launcher.system import write_atomically

# Try a benchmark out with LIANZHEN_BENCH=small before it runs at its full size.
SMALL = os.environ.get("LIANZHEN_BENCH") == "small"

_results: list[dict[str, Any]] = []
_began: dict[str, Any] = {}


def sized(full: int, small: int) -> int:
    """A size of the run: ``full``, or ``small`` while a benchmark is tried out."""
    return small if SMALL else full


def seconds(work: Callable[[], Any]) -> float:
    """How long ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def taking_turns(times: int, *works: Callable[[], Any], warm: int = 3) -> list[list[float]]:
    """The seconds of each of ``works``, run turn by turn so that whatever else the machine does meets all of them.

    Every other turn runs the other way round: on a busy machine whoever comes second is interrupted more.
    """
    for _turn in range(warm):
        for work in works:
            work()
    took: list[list[float]] = [[] for _work in works]
    pairs = list(zip(works, took, strict=True))
    for _turn in range(times):
        for work, found in pairs:
            found.append(seconds(work))
        pairs.reverse()
    return took


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Budget:
    """Keeps what a benchmark measured: calling it fails the test over the budget, ``figure`` only writes it down."""

    test: str

    def __call__(self, name: str, value: float, *, at_most: float, unit: str, note: str = "") -> None:
        kept = value <= at_most
        self._keep(name, value, at_most, unit, note, kept=kept)
        # Small sizes show that a benchmark works, not what the product keeps.
        assert kept or SMALL, f"{name}: {value:.3f} {unit}, the budget is {at_most:g} {unit}"

    def figure(self, name: str, value: float, *, promised: float | None = None, unit: str, note: str = "") -> None:
        """A time of this machine, in this load, beside the one that is promised on two idle cores."""
        self._keep(name, value, promised, unit, note, kept=None)

    def _keep(self, name: str, value: float, limit: float | None, unit: str, note: str, *, kept: bool | None) -> None:
        _results.append(
            {
                "name": name,
                "value": round(value, 6),
                "budget": limit,
                "unit": unit,
                "kept": kept,
                "fails": kept is not None,
                "note": note,
                "test": self.test,
            }
        )


@pytest.fixture
def budget(request: pytest.FixtureRequest) -> Budget:
    """``budget("tenancy", 1.04, at_most=1.10, unit="x")`` keeps a measurement and fails when it breaks its budget;
    ``budget.figure("board p95", 61, promised=120, unit="ms")`` keeps a time and fails nothing.
    """
    if not _began:
        _began.update(load=os.getloadavg()[0], at=time.time())
    return Budget(request.node.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, Any, Any]:
    """Print the table and write the file."""
    yield
    if not _results:
        return
    terminalreporter.section("benchmarks")
    width = max(len(result["name"]) for result in _results)
    for result in _results:
        terminalreporter.write_line(_line(result, width))
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        # Above the number of cores others were working too, and bare times say little.
        "load_at_begin": round(_began.get("load", 0.0), 2),
        "load_at_end": round(os.getloadavg()[0], 2),
        "minutes": round((time.time() - _began.get("at", time.time())) / 60, 1),
        "small": SMALL,
    }
    path = testbed().main_var / "bench.json"
    content = {"machine": machine, "results": _results}
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n", mode=0o644)
    terminalreporter.write_line(
        f"{machine['cores']} cores, load {machine['load_at_begin']:g} to {machine['load_at_end']:g}, "
        f"{machine['minutes']:g} minutes{', SMALL SIZES' if SMALL else ''}; written to {path}"
    )


def _line(result: dict[str, Any], width: int) -> str:
    mark = {True: "ok", False: "OVER", None: "-"}[result["kept"]]
    word = "budget" if result["fails"] else "promised"
    limit = "" if result["budget"] is None else f"{word} {result['budget']:g}"
    return f"{mark:<5}{result['name']:<{width}}  {result['value']:>10.3f} {result['unit']:<5} {limit:<14} {result['note']}".rstrip()
