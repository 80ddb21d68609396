"""What an outage contributes: the cached day sheet, emergency receipts, declared windows and what is entered from paper."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Kpi, NavItem, Room

SEES = ("outage.view",)
DESK = (*SEES, "outage.enter", "outage.receipts")
LEADS = (*DESK, "outage.declare", "outage.issue", "outage.desks")

ROOM = Room(
    key="outage",
    label=pgettext_lazy("room", "Outage"),
    urls="services.outage.web.urls",
    api_urls="services.outage.api.urls",
    nav=(
        NavItem(
            key="outage",
            label=pgettext_lazy("nav", "Outage"),
            url_name="outage:today",
            permission="outage.view",
            icon="shield",
            order=95,
        ),
    ),
    permissions={
        "outage.view": _("See outages, the day sheet and emergency receipts"),
        "outage.declare": _("Declare and close outages"),
        "outage.enter": _("Enter visits from paper"),
        "outage.receipts": _("Account for emergency receipts"),
        "outage.issue": _("Issue blocks of emergency receipts"),
        "outage.desks": _("Let shared desks keep the day sheet"),
    },
    always_open=("outage.enter", "outage.receipts"),
    role_grants={
        **dict.fromkeys(("front_desk", "guide"), DESK),
        "cashier": (*SEES, "outage.receipts"),
        **dict.fromkeys(("supervisor", "duty_superior", "clinic_director"), LEADS),
        **dict.fromkeys(("higher_supervisor", "dean", "quality"), SEES),
    },
    kpis=(
        Kpi(
            key="waits_excluded",
            label=_("Waits left out because of an outage"),
            unit="count",
            version=1,
            compute="services.outage.kpis.waits_excluded",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_("Registered visits that a declared outage touched; wait figures leave them out."),
            aggregate="sum",
            clause="QU-004",
            order=55,
        ),
    ),
    slots={
        "reception.unmeasured": ("services.outage.selectors.unmeasured",),
        "appointments.unmeasured": ("services.outage.selectors.unmeasured_bookings",),
        "page.head": ("services.outage.desks.page_mark",),
        "shift.leftovers": ("services.outage.leftovers.of_day",),
        "policy.exclusions": ("services.outage.selectors.exclusions",),
    },
)
