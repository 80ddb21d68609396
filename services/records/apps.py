from kernel.registry import RoomConfig


class RecordsConfig(RoomConfig):
    name = "services.records"
    label = "records"
