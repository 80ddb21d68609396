"""What timers contribute: sight of those that failed, and the right to try them again."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Daily, Room

ROOM = Room(
    key="timers",
    label=_("Timers"),
    families=frozenset({"business", "headquarters", "platform"}),
    permissions={"timers.requeue": _("Try a failed timer again")},
    daily={"timers.prune": Daily(at="03:40", handler="kernel.timers.firing.prune")},
)
