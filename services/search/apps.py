from kernel.registry import RoomConfig


class SearchConfig(RoomConfig):
    name = "services.search"
    label = "search"
