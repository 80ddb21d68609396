from kernel.registry import RoomConfig


class FilesConfig(RoomConfig):
    name = "kernel.files"
    label = "files"
