"""The beat: ``python -m config.beat --schedule FILE``. Celery's command line would double what a ticking process holds."""

from __future__ import annotations

import argparse

from config.celery import app


def main() -> None:
    """Give the beat until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m config.beat", description=__doc__)
    parser.add_argument("--schedule", required=True, help="where Celery keeps what it needs between two starts")
    parser.add_argument("--loglevel", default="INFO")
    arguments = parser.parse_args()
    app.Beat(schedule=arguments.schedule, loglevel=arguments.loglevel, pidfile=None).run()


if __name__ == "__main__":
    main()
