from kernel.registry import PlainConfig


class BusyConfig(PlainConfig):
    name = "kernel.busy"
    label = "busy"
