from kernel.registry import RoomConfig


class TelephoneConfig(RoomConfig):
    name = "services.telephone"
    label = "telephone"
