from kernel.registry import RoomConfig


class ConsentsConfig(RoomConfig):
    name = "services.consents"
    label = "consents"
