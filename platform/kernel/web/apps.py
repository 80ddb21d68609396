"""The web base: layout, components, decorators and refusals that every page shares."""

from kernel.registry import PlainConfig


class WebConfig(PlainConfig):
    """No models and no contributions of its own: rooms bring the work, this app brings the frame around it."""

    name = "kernel.web"
    label = "web"
    verbose_name = "Web base"

    def ready(self) -> None:
        from kernel.web import checks  # noqa: F401  (registers the start-up checks)
