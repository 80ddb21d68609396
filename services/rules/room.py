"""What the rules contribute: the pages and the API of the parameters, and who sees and changes them."""

from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Room

SEES = ("parameters.view",)
SETS = ("parameters.view", "parameters.set")

ROOM = Room(
    key="rules",
    label=pgettext_lazy("room", "Rules"),
    urls="services.rules.web.urls",
    api_urls="services.rules.api.urls",
    nav=(
        NavItem(
            key="rules",
            label=pgettext_lazy("nav", "Rules"),
            url_name="rules:list",
            permission="parameters.view",
            icon="settings",
            order=930,
        ),
    ),
    handlers={"headquarters.rules_published": ("services.rules.handlers.take_in_publication",)},
    role_grants={
        "tenant_admin": SETS,
        "dean": SETS,
        **dict.fromkeys(("clinic_director", "higher_supervisor", "supervisor", "quality"), SEES),
    },
)
