from kernel.registry import RoomConfig


class RefundsConfig(RoomConfig):
    name = "services.refunds"
    label = "refunds"
