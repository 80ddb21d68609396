from kernel.registry import RoomConfig


class SitesConfig(RoomConfig):
    name = "services.sites"
    label = "sites"
