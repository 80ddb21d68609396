from kernel.registry import RoomConfig


class CorrectionsConfig(RoomConfig):
    name = "services.corrections"
    label = "corrections"
