from kernel.registry import RoomConfig


class TreatmentAreaConfig(RoomConfig):
    name = "services.treatment_area"
    label = "treatment_area"
