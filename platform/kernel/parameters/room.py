"""What parameters contribute: the rights to see, set and publish them."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Room

ROOM = Room(
    key="parameters",
    label=_("Parameters"),
    families=frozenset({"business", "headquarters", "platform"}),
    permissions={
        "parameters.view": _("See the rules and their history"),
        "parameters.set": _("Change the rules of a site or of the whole tenant"),
        "parameters.publish": _("Set the rules that headquarters publishes"),
    },
)
