"""What numbering contributes: the right to change how a number looks."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Room

ROOM = Room(
    key="numbering",
    label=_("Document numbers"),
    families=frozenset({"business", "headquarters", "platform"}),
    permissions={"numbering.set_format": _("Change how document numbers are written")},
)
