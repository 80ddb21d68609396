from kernel.registry import RoomConfig


class ConsultationConfig(RoomConfig):
    name = "services.consultation"
    label = "consultation"
