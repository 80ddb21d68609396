from kernel.registry import PlainConfig


class ScheduleConfig(PlainConfig):
    name = "kernel.schedule"
    label = "schedule"
