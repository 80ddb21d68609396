from kernel.registry import RoomConfig


class InventoryConfig(RoomConfig):
    name = "services.inventory"
    label = "inventory"
