from kernel.registry import RoomConfig


class VipConfig(RoomConfig):
    name = "services.vip"
    label = "vip"
