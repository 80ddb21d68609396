from kernel.registry import RoomConfig


class SealsConfig(RoomConfig):
    name = "services.seals"
    label = "seals"
