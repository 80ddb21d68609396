from kernel.registry import VerticalConfig


class AestheticsConfig(VerticalConfig):
    name = "aesthetics"
    label = "aesthetics"
