"""Dental: what this vertical contributes."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Param, Vertical

VERTICAL = Vertical(
    key="dental",
    label=_("Dental"),
    short=_("Dental"),
    colour="dental",
    visit_word=_("dental visit"),
    urls="dental.web.urls",
    api_urls="dental.api.urls",
    permissions={
        "dental.view": _("see the chart of teeth"),
        "dental.treat": _("record treatments of teeth"),
    },
    role_grants={
        **dict.fromkeys(
            ("doctor", "specialist", "chief_physician", "doctor_supervisor"), ("dental.view", "dental.treat")
        ),
        **dict.fromkeys(
            ("nurse", "assistant", "head_nurse", "supervisor", "clinic_director", "consultant", "dean"),
            ("dental.view",),
        ),
    },
    parameters=(
        Param(
            key="warranty_months",
            kind="int",
            default=12,
            minimum=0,
            maximum=120,
            unit="months",
            label=_("Free redo within"),
            ledger=("DE-009",),
        ),
        Param(
            key="original_doctor_grace_days",
            kind="days",
            default=30,
            minimum=0,
            maximum=365,
            unit="d",
            label=_("The original doctor stays first choice after the guarantee for"),
            ledger=("AP-042",),
        ),
    ),
    slots={"patient.tabs": ("dental.slots.patient_tab",), "patient.timeline": ("dental.slots.patient_timeline",)},
    seeds=("dental.seeds.load",),
)
