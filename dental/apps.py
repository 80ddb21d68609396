from kernel.registry import VerticalConfig


class DentalConfig(VerticalConfig):
    name = "dental"
    label = "dental"
