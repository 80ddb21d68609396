from kernel.registry import RoomConfig


class KpisConfig(RoomConfig):
    name = "services.kpis"
    label = "kpis"
