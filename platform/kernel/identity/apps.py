from kernel.registry import RoomConfig


class IdentityConfig(RoomConfig):
    name = "kernel.identity"
    label = "identity"

    def ready(self) -> None:
        from kernel.identity import receivers  # noqa: F401  # connects what happens at sign-in
