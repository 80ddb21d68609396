from kernel.registry import RoomConfig


class ParametersConfig(RoomConfig):
    name = "kernel.parameters"
    label = "parameters"
