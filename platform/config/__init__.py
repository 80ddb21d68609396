"""The composition root: settings, URLs, background work, and the launcher that starts all of it."""

from typing import Any


def __getattr__(name: str) -> Any:
    # Asked for by ``celery --app config``. The launcher imports this package before anything is installed.
    if name == "app":
        from config.celery import app

        return app
    raise AttributeError(name)
