from kernel.registry import VerticalConfig


class DermatologyConfig(VerticalConfig):
    name = "dermatology"
    label = "dermatology"
