from kernel.registry import RoomConfig


class GuestCareConfig(RoomConfig):
    name = "services.guest_care"
    label = "guest_care"
