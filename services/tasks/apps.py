from kernel.registry import RoomConfig


class TasksConfig(RoomConfig):
    name = "services.tasks"
    label = "tasks"
