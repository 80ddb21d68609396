"""What search contributes: the palette's answers. It knows no other room; it asks the registry."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Room

ROOM = Room(
    key="search",
    label=_("Search"),
    families=frozenset({"business", "headquarters", "platform"}),
    urls="services.search.web.urls",
    api_urls="services.search.api.urls",
    search=("services.search.commands.find_commands",),
)
