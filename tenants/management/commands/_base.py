"""What the product's commands have in common: ``--json`` and an exit status that can be trusted."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.errors import DomainError


class NotDone(Exception):
    """The job was not done, or only in part; ``result`` is what there is to tell."""

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.message = message
        self.result = result


class JsonCommand(BaseCommand):
    """With ``--json`` the last line is one JSON object; a job not done ends with a non-zero status."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
        self.add_own_arguments(parser)

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        """The command's own arguments."""

    def work(self, **options: Any) -> dict[str, Any]:
        """Do the job and return what is worth telling. Raises NotDone or a DomainError when it was not done."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self.work(**options)
        except DomainError as refusal:
            self._tell(options, {"ok": False, "code": refusal.code, "message": str(refusal.message)}, only_json=True)
            raise CommandError(f"{refusal.code}: {refusal.message}") from refusal
        except NotDone as failure:
            self._tell(options, {"ok": False, "message": failure.message, **failure.result})
            raise CommandError(failure.message) from failure
        self._tell(options, {"ok": True, **result})

    def _tell(self, options: dict[str, Any], result: dict[str, Any], *, only_json: bool = False) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(result, default=str, ensure_ascii=False))
        elif not only_json:
            for key, value in result.items():
                if key not in ("ok", "message"):
                    self.stdout.write(f"{key}: {value}")
