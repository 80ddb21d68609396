from kernel.registry import RoomConfig


class IntakeConfig(RoomConfig):
    name = "services.intake"
    label = "intake"
