from kernel.registry import RoomConfig


class ComplaintsConfig(RoomConfig):
    name = "services.complaints"
    label = "complaints"
