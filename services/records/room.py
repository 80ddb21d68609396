"""What records contribute: the chart. The desk has no part in it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Room

READERS = ("nurse", "assistant", "head_nurse", "clinic_director", "dean")
WRITERS = ("doctor", "specialist", "chief_physician", "doctor_supervisor")

ROOM = Room(
    key="records",
    label=pgettext_lazy("room", "Charts"),
    urls="services.records.web.urls",
    api_urls="services.records.api.urls",
    permissions={
        "records.view": _("Read charts"),
        "records.write": _("Record treatments and write notes"),
    },
    role_grants={
        **dict.fromkeys(READERS, ("records.view",)),
        **dict.fromkeys(WRITERS, ("records.view", "records.write")),
    },
    slots={
        "patient.tabs": ("services.records.web.slots.chart_tab",),
        "patient.timeline": ("services.records.web.slots.chart_timeline",),
    },
)
