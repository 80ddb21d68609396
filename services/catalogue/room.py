"""What the catalogue contributes: items, prices by date, and who may see them."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

# Whoever explains, decides or takes money sees prices; the desk and the nurses do not by themselves (FD-019).
SEES_PRICES = (
    "dean", "clinic_director", "higher_supervisor", "supervisor", "service_supervisor", "department_head",
    "chief_physician", "doctor_supervisor", "specialist", "doctor", "consultant", "cashier", "finance",
)  # fmt: skip
SEES_ITEMS = (
    "head_nurse", "nurse", "assistant", "customer_service", "front_desk", "lobby_receptionist", "guide",
    "waiting_attendant", "phone_agent", "follow_up_caller", "reconciler", "quality", "duty_superior", "team_leader",
)  # fmt: skip

ROOM = Room(
    key="catalogue",
    label=pgettext_lazy("room", "Catalogue"),
    urls="services.catalogue.web.urls",
    api_urls="services.catalogue.api.urls",
    permissions={
        "catalogue.view": _("See the items that are offered"),
        "catalogue.see_prices": _("See prices"),
        "catalogue.manage": _("Change items and prices"),
    },
    role_grants={
        **dict.fromkeys(SEES_ITEMS, ("catalogue.view",)),
        **dict.fromkeys(SEES_PRICES, ("catalogue.view", "catalogue.see_prices")),
        "finance": ("catalogue.view", "catalogue.see_prices", "catalogue.manage"),
        "tenant_admin": ("catalogue.view", "catalogue.see_prices", "catalogue.manage"),
    },
    parameters=(
        Param(
            key="desk_may_quote_price",
            kind="bool",
            default=True,
            literal=False,
            label=_("The desk may see and quote the public price list"),
            ledger=("FD-018", "FD-019"),
        ),
    ),
    seeds=("services.catalogue.starter.load",),
    nav=(
        NavItem(
            key="catalogue",
            label=pgettext_lazy("nav", "Prices"),
            url_name="catalogue:list",
            permission="catalogue.see_prices",
            icon="clipboard",
            order=850,
        ),
    ),
    search=("services.catalogue.search.find_items",),
)
