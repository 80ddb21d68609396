from kernel.registry import RoomConfig


class OutageConfig(RoomConfig):
    name = "services.outage"
    label = "outage"
