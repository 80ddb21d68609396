from kernel.registry import RoomConfig


class PrepaidConfig(RoomConfig):
    name = "services.prepaid"
    label = "prepaid"
