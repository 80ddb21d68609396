"""Start-up checks of the web base."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from kernel import registry
from kernel.web import assets, icons, states


@checks.register(checks.Tags.staticfiles, deploy=True)
def front_end_is_built(**kwargs: Any) -> list[checks.CheckMessage]:
    """A deployment without the built front end would serve unstyled pages: refuse it."""
    if assets.is_built():
        return []
    return [
        checks.Error(
            "The front end is not built.",
            hint="Run `npm ci && npm run build` in frontend/.",
            id="web.E001",
        )
    ]


@checks.register(checks.Tags.templates)
def states_have_icons(**kwargs: Any) -> list[checks.CheckMessage]:
    """A state is icon, word and colour together; a missing drawing would leave colour alone."""
    return [
        checks.Error(f"State {state.key} names the unknown icon {state.icon}.", id="web.E002")
        for state in states.STATES.values()
        if state.icon not in icons.ICONS
    ]


@checks.register(checks.Tags.templates)
def navigation_has_icons(**kwargs: Any) -> list[checks.CheckMessage]:
    """An entry of the rail with an unknown drawing would break every page of everybody who sees it."""
    return [
        checks.Error(f"The entry {item.key} of {room.key} names the unknown icon {item.icon}.", id="web.E004")
        for room in registry.rooms()
        for item in room.nav
        if item.icon not in icons.ICONS
    ]


@checks.register(checks.Tags.templates)
def shell_is_installed(**kwargs: Any) -> list[checks.CheckMessage]:
    """``base.html`` reads ``shell``; without the context processor every page would lose its navigation."""
    processor = "kernel.web.context.page_context"
    engines: list[dict[str, Any]] = settings.TEMPLATES
    if any(processor in engine.get("OPTIONS", {}).get("context_processors", ()) for engine in engines):
        return []
    return [checks.Error(f"{processor} is missing in TEMPLATES.", id="web.E003")]
