from kernel.registry import RoomConfig


class ShiftConfig(RoomConfig):
    name = "services.shift"
    label = "shift"
