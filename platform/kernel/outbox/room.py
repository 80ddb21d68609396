"""What the outbox contributes: sight of undeliverable events, and the right to try them again."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Daily, Room

ROOM = Room(
    key="outbox",
    label=_("Events"),
    families=frozenset({"business", "headquarters", "platform"}),
    permissions={"outbox.requeue": _("Deliver a failed event again")},
    daily={"outbox.prune": Daily(at="03:50", handler="kernel.outbox.relay.prune")},
)
