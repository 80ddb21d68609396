from kernel.registry import RoomConfig


class ImportingConfig(RoomConfig):
    name = "services.importing"
    label = "importing"
