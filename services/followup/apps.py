from kernel.registry import RoomConfig


class FollowupConfig(RoomConfig):
    name = "services.followup"
    label = "followup"
