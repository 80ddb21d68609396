from kernel.registry import RoomConfig


class NumberingConfig(RoomConfig):
    name = "kernel.numbering"
    label = "numbering"
