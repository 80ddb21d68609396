"""The room of the kill test."""

from kernel.registry import Room

HERE = "tests.tenants.kill_probe.handlers"
ROOM = Room(
    key="kill_probe",
    label="kill probe",
    families=frozenset({"business", "headquarters"}),
    handlers={
        "kill_probe.happened": (f"{HERE}.first", f"{HERE}.second"),
        "kill_probe.figure": (f"{HERE}.at_headquarters",),
    },
    timers={"kill_probe.timer": f"{HERE}.fired"},
)
