from kernel.registry import RoomConfig


class SterilisationConfig(RoomConfig):
    name = "services.sterilisation"
    label = "sterilisation"
