"""Figures of the branch: measured per site and day, pushed to headquarters."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Daily, NavItem, Room

TOUCHED = ("services.kpis.handlers.touched",)

CHANGES = (
    "visit.registered", "visit.wait_explained", "visit.led_in", "visit.finished", "visit.left", "visit.settled", "visit.closed",
    "visit.rebooked", "visit.left_unseen", "appointments.booked", "appointments.moved", "appointments.cancelled",
    "appointments.no_show", "followup.due", "followup.closed", "followup.cancelled", "cashier.charged", "tasks.closed",
    "refunds.paid", "corrections.applied", "prepaid.changed",
    "outage.waits_excluded",
)  # fmt: skip

ROOM = Room(
    key="kpis",
    label=_("Figures"),
    urls="services.kpis.web.urls",
    api_urls="services.kpis.api.urls",
    nav=(
        NavItem(
            key="kpis",
            label=_("Figures"),
            url_name="kpis:figures",
            permission="kpis.view",
            icon="chart",
            order=80,
            daily_for=("dean", "clinic_director", "higher_supervisor", "supervisor"),
        ),
    ),
    permissions={"kpis.view": _("see the figures of the branch")},
    role_grants=dict.fromkeys(
        (
            "supervisor",
            "higher_supervisor",
            "clinic_director",
            "dean",
            "quality",
            "finance",
            "escort_manager",
            "tenant_admin",
        ),
        ("kpis.view",),
    ),
    handlers=dict.fromkeys(CHANGES, TOUCHED),
    timers={"kpis.measure": "services.kpis.handlers.measure_day"},
    daily={"kpis.measure_recent": Daily(at="02:00", handler="services.kpis.handlers.measure_recent")},
)
