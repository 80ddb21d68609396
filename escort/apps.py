from kernel.registry import VerticalConfig


class EscortConfig(VerticalConfig):
    name = "escort"
    label = "escort"
