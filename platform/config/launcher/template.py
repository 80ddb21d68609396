"""Fills the template database of the tests: every schema, and the cast. Run by ``testbed`` in a process of its own."""

from __future__ import annotations

from datetime import UTC, datetime

# Whenever the tests run, everybody was hired before the days on which the tests play.
FOUNDED = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)


def main() -> None:
    """Migrate, then create both chains with their people."""
    import django

    django.setup()
    from django.core.management import call_command

    from config.demo.cast import build_cast
    from kernel import clock

    call_command("tenant_migrate")
    with clock.frozen(FOUNDED, every_thread=True):
        build_cast()


if __name__ == "__main__":
    main()
