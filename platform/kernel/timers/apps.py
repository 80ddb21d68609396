from kernel.registry import RoomConfig


class TimersConfig(RoomConfig):
    name = "kernel.timers"
    label = "timers"
