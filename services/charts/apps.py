from kernel.registry import RoomConfig


class ChartsConfig(RoomConfig):
    name = "services.charts"
    label = "charts"
