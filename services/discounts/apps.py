from kernel.registry import RoomConfig


class DiscountsConfig(RoomConfig):
    name = "services.discounts"
    label = "discounts"
