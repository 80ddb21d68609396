from kernel.registry import RoomConfig


class HeadquartersConfig(RoomConfig):
    name = "services.headquarters"
    label = "headquarters"
