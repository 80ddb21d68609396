"""What records contribute: the chart, its review, how long it is kept, and who comes and stays. The desk has no part in charts."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

READERS = ("nurse", "assistant")
WRITERS = ("doctor", "specialist")
LEADS = ("chief_physician", "doctor_supervisor")

ROOM = Room(
    key="records",
    label=pgettext_lazy("room", "Charts"),
    urls="services.records.web.urls",
    api_urls="services.records.api.urls",
    nav=(
        NavItem(
            key="records",
            label=pgettext_lazy("nav", "Chart review"),
            url_name="records:worklist",
            permission="records.review",
            icon="clipboard",
            order=210,
        ),
    ),
    permissions={
        "records.view": _("Read charts"),
        "records.write": _("Record treatments and write notes"),
        "records.review": _("Look through what others have entered"),
        "records.keep": _("See how long files are kept, and keep them longer"),
        "records.figures": _("See where patients come from and whether they stay"),
    },
    always_open=("records.write", "records.review"),
    role_grants={
        **dict.fromkeys(READERS, ("records.view",)),
        **dict.fromkeys(WRITERS, ("records.view", "records.write")),
        **dict.fromkeys(LEADS, ("records.view", "records.write", "records.review")),
        "head_nurse": ("records.view", "records.review"),
        "clinic_director": ("records.view", "records.review", "records.keep", "records.figures"),
        "dean": ("records.view", "records.review", "records.keep", "records.figures"),
        # Supervisors see the numbers of the site; charts are read by who treats or leads.
        "supervisor": ("records.figures",),
        "higher_supervisor": ("records.figures",),
    },
    parameters=(
        Param(
            key="record_entry_due",
            kind="days",
            default=0,
            minimum=0,
            maximum=14,
            unit="days",
            tightens="lower",
            label=_("Days after the treatment until it must be entered (0: the same day)"),
            ledger=("CR-002",),
        ),
        Param(
            key="review_sample_percent",
            kind="int",
            default=5,
            literal=100,
            minimum=0,
            maximum=100,
            unit="%",
            tightens="higher",
            label=_("Share of all entries that another person looks through"),
            ledger=("CR-003",),
        ),
        Param(
            key="review_new_staff_days",
            kind="days",
            default=90,
            minimum=0,
            maximum=730,
            unit="days",
            tightens="higher",
            label=_("How long every entry of a new colleague is looked through"),
            ledger=("CR-003",),
        ),
        Param(
            key="review_risk_categories",
            kind="list",
            default=["medicine", "device"],
            label=_("Categories of items whose entries are always looked through"),
            ledger=("CR-003",),
        ),
        Param(
            key="review_due_days",
            kind="days",
            default=3,
            minimum=1,
            maximum=31,
            unit="days",
            tightens="lower",
            label=_("Days within which an entry is looked through"),
            ledger=("CR-003",),
        ),
        Param(
            key="record_retention_years",
            kind="int",
            default=15,
            minimum=15,
            maximum=100,
            unit="years",
            tightens="higher",
            label=_("Years for which a file is kept after its last entry"),
            ledger=("CR-010",),
        ),
        Param(
            key="loyal_days",
            kind="int",
            default=4,
            minimum=2,
            maximum=50,
            label=_("Loyal: treated on so many days within the window"),
            ledger=("CR-013",),
        ),
        Param(
            key="loyal_window_days",
            kind="days",
            default=730,
            minimum=30,
            maximum=3650,
            unit="days",
            label=_("Loyal: length of the window"),
            ledger=("CR-013",),
        ),
        Param(
            key="lost_after_days",
            kind="days",
            default=365,
            minimum=30,
            maximum=3650,
            unit="days",
            label=_("Lost: so long without a treatment"),
            ledger=("CR-013",),
        ),
    ),
    machines=("services.records.machines.REVIEW",),
    slots={
        "patient.tabs": ("services.records.web.slots.chart_tab",),
        "patient.timeline": ("services.records.web.slots.chart_timeline",),
    },
)
