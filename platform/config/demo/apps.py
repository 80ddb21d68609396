"""The demo as an app: its command, and the simulator that follows a moved clock. It has no tables."""

from django.apps import AppConfig
from django.conf import settings


class DemoConfig(AppConfig):
    name = "config.demo"
    label = "demo"

    def ready(self) -> None:
        """Let the simulator play what lies between two moments whenever the clock of a demo is moved."""
        if not settings.DEMO:
            return
        from config.demo.loading import follow_clock
        from kernel import clock

        clock.moved.connect(follow_clock)
