from kernel.registry import RoomConfig


class DocumentsConfig(RoomConfig):
    name = "services.documents"
    label = "documents"
