from kernel.registry import RoomConfig


class ReceptionConfig(RoomConfig):
    name = "services.reception"
    label = "reception"
