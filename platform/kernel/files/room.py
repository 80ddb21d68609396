from django.utils.translation import gettext_lazy as _

from kernel.registry import Room

ROOM = Room(
    key="files",
    label=_("Files"),
    families=frozenset({"business", "headquarters", "platform"}),
    urls="kernel.files.urls",
    permissions={"files.view": _("open a stored file whose own permission one holds")},
    role_grants={"*": ("files.view",)},
)
