from kernel.registry import RoomConfig


class OperatorsConfig(RoomConfig):
    name = "tenants.operators"
    label = "operators"
