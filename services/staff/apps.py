from kernel.registry import RoomConfig


class StaffConfig(RoomConfig):
    name = "services.staff"
    label = "staff"
