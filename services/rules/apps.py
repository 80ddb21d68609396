from kernel.registry import RoomConfig


class RulesConfig(RoomConfig):
    name = "services.rules"
    label = "rules"
