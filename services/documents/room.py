"""Documents: typst templates become PDF files; what was issued is kept as it was said."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Room

ROOM = Room(
    key="documents",
    label=_("Documents"),
    families=frozenset({"business", "headquarters"}),
    urls="services.documents.urls",
    permissions={"documents.view": _("open documents of the rooms one works in")},
    role_grants={"*": ("documents.view",)},
    # Printing what was issued is reading: it goes on when a tenant may no longer write.
    always_open=("documents.view",),
)
