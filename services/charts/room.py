"""What paper charts contribute: staging, transcription, release and the log of prints.

Slot ``chart.holds`` ``(patient) -> str | None``: what a room has in dispute with a patient ("refund", "complaint"); while
there is anything, the original chart is given out by the supervisor only, or not at all.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

DESK = ("charts.stage", "charts.transcribe", "charts.release", "charts.print")
LEADS = (*DESK, "charts.consent", "charts.writing")

ROOM = Room(
    key="charts",
    label=pgettext_lazy("room", "Paper charts"),
    urls="services.charts.web.urls",
    nav=(
        NavItem(
            key="charts",
            label=pgettext_lazy("nav", "Paper charts"),
            url_name="charts:staging",
            permission="charts.stage",
            icon="file",
            order=205,
        ),
    ),
    permissions={
        "charts.stage": _("Pull charts for the day and count blank records"),
        "charts.transcribe": _("Copy paper charts into the file and compare them"),
        "charts.release": _("Note requests for charts and give them out"),
        "charts.consent": _("Consent to giving out a chart"),
        "charts.print": _("Look up and print charts for others, which is logged"),
        "charts.writing": _("See how doctors write their charts"),
    },
    always_open=("charts.transcribe", "charts.release", "charts.consent"),
    role_grants={
        **dict.fromkeys(("front_desk", "guide"), DESK),
        **dict.fromkeys(("supervisor", "higher_supervisor", "service_supervisor", "clinic_director"), LEADS),
        "dean": ("charts.writing", "charts.print", "charts.release", "charts.consent"),
        "doctor_supervisor": ("charts.writing",),
    },
    parameters=(
        Param(
            key="blank_records_min",
            kind="int",
            default=20,
            minimum=0,
            maximum=10_000,
            tightens="higher",
            label=_("Blank records below which an alert is raised"),
            ledger=("FD-021",),
        ),
        Param(
            key="record_custody",
            kind="choice",
            default="clinic_held",
            choices=("patient_held", "clinic_held"),
            tightens="higher",
            label=_("Who keeps the paper chart"),
            ledger=("CR-008",),
        ),
        Param(
            key="chart_copy_consent",
            kind="bool",
            default=False,
            literal=True,
            label=_("A copy of the chart needs the supervisor's consent too"),
            ledger=("CR-007",),
        ),
        Param(
            key="chart_original_in_dispute",
            kind="choice",
            default="never",
            literal="supervisor",
            choices=("supervisor", "never"),
            tightens="higher",
            label=_("Original chart while a refund or complaint is open"),
            ledger=("CR-008",),
        ),
    ),
    machines=("services.charts.machines.RELEASE", "services.charts.machines.TRANSCRIPTION"),
    slots={
        "patient.tabs": ("services.charts.web.slots.paper_tab",),
        "chart.main": ("services.charts.web.slots.transcriptions",),
    },
)
