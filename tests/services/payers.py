"""The acquirer of the tests, as a real process beside them, and the codes that payers show."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "acquirer_test"
# The last two digits say how the payer behaves (``tests/fakes/acquirer_server/counter.py``).
WECHAT, ALIPAY = "1312345678901234", "2812345678901234"
PAYS, DECLINED, TYPES, LOST, SILENT = "99", "00", "01", "02", "03"


class Acquirer:
    """The running stand-in: its address, and what tests tell it and ask it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def told(self, **said: Any) -> dict[str, Any]:
        """Tell it something; everything it holds."""
        request = urllib.request.Request(f"{self.url}/_control", data=json.dumps(said).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def order(self, number: str) -> dict[str, Any] | None:
        """An order by our number."""
        return next((one for one in self.told()["orders"] if one["out_trade_no"] == number), None)


def running(folder: Path) -> Iterator[Acquirer]:
    """Start the stand-in on a free port; stop it after."""
    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "tests/fakes/acquirer_server"), "--port", "0"),
            *("--data", str(folder / "acquirer"), "--key", KEY),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "listens on" in line, line
        yield Acquirer(line.split()[-1])
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def acquirer(tmp_path: Path, settings: Any) -> Iterator[Acquirer]:
    """The acquirer, set up for the product of this process; a lost answer is waited for half a second."""
    for found in running(tmp_path):
        settings.ACQUIRER_URL, settings.ACQUIRER_KEY, settings.ACQUIRER_READ_SECONDS = found.url, KEY, 0.5
        yield found
