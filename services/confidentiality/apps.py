from kernel.registry import RoomConfig


class ConfidentialityConfig(RoomConfig):
    name = "services.confidentiality"
    label = "confidentiality"
