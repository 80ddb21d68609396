from kernel.registry import RoomConfig


class MessagingConfig(RoomConfig):
    name = "kernel.messaging"
    label = "messaging"
