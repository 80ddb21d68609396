from kernel.registry import RoomConfig


class CatalogueConfig(RoomConfig):
    name = "services.catalogue"
    label = "catalogue"
