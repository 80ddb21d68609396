from kernel.registry import RoomConfig


class EquipmentConfig(RoomConfig):
    name = "services.equipment"
    label = "equipment"
