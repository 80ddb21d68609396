from kernel.registry import RoomConfig


class PolicyConfig(RoomConfig):
    name = "services.policy"
    label = "policy"
