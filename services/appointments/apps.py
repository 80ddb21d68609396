from kernel.registry import RoomConfig


class AppointmentsConfig(RoomConfig):
    name = "services.appointments"
    label = "appointments"
