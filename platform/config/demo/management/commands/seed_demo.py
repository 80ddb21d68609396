"""Load the demo: both chains with a history, or what has happened since it was played last. Repeating it is harmless."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from config.demo import loading
from tenants.management.commands._base import JsonCommand, NotDone


class Command(JsonCommand):
    help = __doc__

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", action="append", help="only this tenant (may be repeated)")
        parser.add_argument("--workers", type=int, default=2, help="processes that load at the same time (default: 2)")

    def work(self, **options: Any) -> dict[str, Any]:
        if not settings.DEMO:
            raise NotDone("there is no demo outside of DJANGO_ENV=demo")
        return loading.seed(only=options["tenant"], workers=options["workers"], say=self._say)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
