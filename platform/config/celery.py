"""The Celery application:

JSON messages only, and every task belongs to a tenant unless it says that it is the platform's.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery
from celery.signals import celeryd_after_setup
from kombu import Queue


def configuration() -> dict[str, Any]:
    """The settings' part, and what the code relies on.

    Read when first needed, not while the settings are being made.
    """
    from django.conf import settings

    return {
        **settings.CELERY,
        "imports": ("tenants.relay", "tenants.housekeeping", "tenants.provisioning.queue"),
        "beat_scheduler": "tenants.beat:TickScheduler",
        "task_default_queue": "default",
        # A worker that is not told otherwise serves both; what takes seconds waits in a line of its own.
        "task_queues": (Queue("default"), Queue("slow")),
        "task_routes": {name: {"queue": "slow"} for name in ("tenants.provision", "tenants.migrate")},
    }


app = Celery("lianzhen", task_cls="tenants.jobs:TenantTask")
app.add_defaults(configuration)
app.autodiscover_tasks()


@celeryd_after_setup.connect
def _load_before_forking(**_facts: object) -> None:
    """The pool's processes share with their parent what it has loaded."""
    from config.preloading import preload

    preload()


app.set_default()
