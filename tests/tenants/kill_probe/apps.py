"""An app that only the processes of the kill test have: its handlers take their time, so that a kill hits one."""

from kernel.registry import RoomConfig


class KillProbeConfig(RoomConfig):
    name = "tests.tenants.kill_probe"
    label = "kill_probe"
