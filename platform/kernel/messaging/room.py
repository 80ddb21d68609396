from django.utils.translation import gettext_lazy as _

from kernel.registry import Room

ROOM = Room(
    key="messaging",
    label=_("Messages"),
    families=frozenset({"business", "headquarters", "platform"}),
    handlers={"messaging.queued": ("kernel.messaging.handlers.deliver",)},
)
