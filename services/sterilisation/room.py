"""What sterilisation contributes: the log, the release by a second person, labels, and the gate before a chair (IN-011)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, NavItem, Param, Room

WORKS = ("sterilisation.view", "sterilisation.operate", "sterilisation.release", "sterilisation.use")
OPENS = ("sterilisation.view", "sterilisation.use")

ROOM = Room(
    key="sterilisation",
    label=pgettext_lazy("room", "Sterilisation"),
    urls="services.sterilisation.web.urls",
    api_urls="services.sterilisation.api.urls",
    nav=(
        NavItem(
            key="sterilisation",
            label=pgettext_lazy("nav", "Sterilisation"),
            url_name="sterilisation:log",
            permission="sterilisation.view",
            icon="shield",
            order=66,
            daily_for=("nurse", "head_nurse"),
        ),
    ),
    permissions={
        "sterilisation.view": _("See the sterilisation log"),
        "sterilisation.operate": _("Load and run sterilisers, read indicators"),
        "sterilisation.release": _("Release loads that somebody else ran"),
        "sterilisation.use": _("Open packs for guests in a chair"),
        "sterilisation.reprocess": _("Have failed loads reprocessed"),
        "sterilisation.manage": _("Enter sterilisers and instrument sets"),
    },
    role_grants={
        "nurse": WORKS,
        "assistant": WORKS,
        "head_nurse": (*WORKS, "sterilisation.reprocess", "sterilisation.manage"),
        **dict.fromkeys(("doctor", "specialist", "chief_physician", "doctor_supervisor"), OPENS),
        **dict.fromkeys(("supervisor", "clinic_director", "dean", "quality"), ("sterilisation.view",)),
        "tenant_admin": ("sterilisation.view", "sterilisation.manage"),
    },
    parameters=(
        Param(
            key="sterile_set_for_chair",
            kind="bool",
            default=True,
            label=_("A sterile set lies ready before a guest is led to a chair, where a site keeps sterilisers"),
            ledger=("IN-011",),
        ),
        Param(
            key="sterile_days_sealed",
            kind="days",
            default=180,
            minimum=1,
            maximum=365,
            tightens="lower",
            label=_("Days in which a set in a pouch or non-woven wrap may be opened"),
            ledger=("IN-011",),
        ),
        Param(
            key="sterile_days_cloth",
            kind="days",
            default=7,
            minimum=1,
            maximum=30,
            tightens="lower",
            label=_("Days in which a set in a cotton wrap may be opened"),
            ledger=("IN-011",),
        ),
    ),
    # Safety: nobody overrides them, another load or another pack cures them (ledger 17 G).
    gates=(
        Gate(
            key="sterilisation.load_released",
            label=_("A load that failed is released"),
            gate_class="law",
            ledger=("IN-011",),
        ),
        Gate(
            key="sterilisation.pack_usable",
            label=_("A pack that is blocked, expired or used is opened"),
            gate_class="law",
            ledger=("IN-011",),
        ),
        Gate(
            key="sterilisation.set_available",
            label=_("A guest is led to a chair without a sterile set"),
            gate_class="law",
            ledger=("IN-011",),
        ),
    ),
    machines=("services.sterilisation.machines.LOAD", "services.sterilisation.machines.PACK"),
    slots={
        "reception.lead_in_checks": ("services.sterilisation.actions.refuse_without_set",),
        "visit.actions": ("services.sterilisation.web.slots.visit_actions",),
        "visit.beside": ("services.sterilisation.web.slots.beside",),
    },
    # A booked treatment goes on in every state of the account, and what is unsafe stays blocked.
    always_open=(
        "sterilisation.view",
        "sterilisation.operate",
        "sterilisation.release",
        "sterilisation.use",
        "sterilisation.reprocess",
    ),
)
