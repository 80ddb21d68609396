"""The books: what the double entry under all money contributes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Room

ROOM = Room(
    key="books",
    label=pgettext_lazy("room", "Books"),
    permissions={"books.view": _("See the movements of money")},
    role_grants=dict.fromkeys(("finance", "reconciler", "dean", "clinic_director"), ("books.view",)),
    always_open=("books.view",),
)
