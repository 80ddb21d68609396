from kernel.registry import RoomConfig


class ApiConfig(RoomConfig):
    name = "kernel.api"
    label = "api"

    def ready(self) -> None:
        from kernel.api import checks, schema  # noqa: F401  # system checks and security schemes register themselves
