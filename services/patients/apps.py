from kernel.registry import RoomConfig


class PatientsConfig(RoomConfig):
    name = "services.patients"
    label = "patients"
