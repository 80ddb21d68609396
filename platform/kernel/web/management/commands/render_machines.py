"""Write docs/machines.md from the state machines of the code, or with --check say whether it is current."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kernel.web.machines_page import render


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when the page is not current")

    def handle(self, *args: Any, **options: Any) -> None:
        page: Path = settings.ROOT / "docs" / "machines.md"
        text = render()
        if options["check"]:
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                raise CommandError("docs/machines.md is not what the code says; run manage.py render_machines")
            return
        page.write_text(text, encoding="utf-8")
        self.stdout.write(f"{page.relative_to(settings.ROOT)} written")
