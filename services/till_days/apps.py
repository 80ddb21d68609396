from kernel.registry import RoomConfig


class TillDaysConfig(RoomConfig):
    name = "services.till_days"
    label = "till_days"
