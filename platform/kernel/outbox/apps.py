from kernel.registry import RoomConfig


class OutboxConfig(RoomConfig):
    name = "kernel.outbox"
    label = "outbox"
