"""Dental: what this vertical contributes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, NavItem, Param, Vertical

TREATS = ("dental.view", "dental.treat", "dental.prepare", "dental.view_models", "dental.order_models")
ASSISTS = ("dental.view", "dental.prepare", "dental.view_models", "dental.order_models", "dental.handle_models")

VERTICAL = Vertical(
    key="dental",
    label=_("Dental"),
    short=_("Dental"),
    colour="dental",
    visit_word=_("dental visit"),
    urls="dental.web.urls",
    api_urls="dental.api.urls",
    nav=(
        NavItem(
            key="dental",
            label=pgettext_lazy("nav", "Models"),
            url_name="dental:models",
            permission="dental.view_models",
            icon="tooth",
            order=45,
        ),
        NavItem(
            key="dental-classes",
            label=_("Classes of visits"),
            url_name="dental:visit-classes",
            permission="dental.view_classes",
            icon="chart",
            order=330,
        ),
    ),
    permissions={
        "dental.view": _("see the chart of teeth"),
        "dental.treat": _("record treatments of teeth"),
        "dental.prepare": _("tick off what lies ready for a specialist"),
        "dental.view_models": _("see the register of models at the laboratory"),
        "dental.order_models": _("enter models, check them, have them made anew"),
        "dental.handle_models": _("send models to the laboratory and receive them"),
        "dental.view_classes": _("see the classes of visits by doctor"),
    },
    role_grants={
        **dict.fromkeys(("doctor", "specialist", "chief_physician"), TREATS),
        "doctor_supervisor": (*TREATS, "dental.handle_models", "dental.view_classes"),
        **dict.fromkeys(("nurse", "assistant"), ASSISTS),
        "head_nurse": (*ASSISTS, "dental.view_classes"),
        "supervisor": ("dental.view", "dental.view_models", "dental.handle_models", "dental.view_classes"),
        **dict.fromkeys(("clinic_director", "dean"), ("dental.view", "dental.view_models", "dental.view_classes")),
        "consultant": ("dental.view", "dental.view_models", "dental.prepare"),
        **dict.fromkeys(("front_desk", "guide"), ("dental.view_models", "dental.handle_models")),
        "phone_agent": ("dental.view_models",),
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
        Param(
            key="lab_days",
            kind="days",
            default=7,
            minimum=1,
            maximum=90,
            unit="d",
            label=_("Proposed days until a model is due back from the laboratory"),
            ledger=("DE-020",),
        ),
        Param(
            key="lab_warning_days",
            kind="days",
            default=2,
            minimum=1,
            maximum=14,
            unit="d",
            tightens="higher",
            label=_("Opening days before a fitting from which a missing model is warned of"),
            ledger=("DE-020", "DE-021"),
        ),
    ),
    handlers={
        "appointments.cancelled": ("dental.handlers.on_booking_given_up",),
        "appointments.no_show": ("dental.handlers.on_booking_given_up",),
        "appointments.moved": ("dental.handlers.on_booking_moved",),
        "appointments.booked": ("dental.handlers.on_booked",),
    },
    daily={"dental.models_due": Daily(at="07:40", handler="dental.handlers.models_due")},
    machines=("dental.machines.LAB_MODEL", "dental.machines.PREPARATION"),
    slots={
        "patient.tabs": ("dental.slots.patient_tab",),
        "patient.timeline": ("dental.slots.patient_timeline",),
        "reception.visit_classes": ("dental.classes.VISIT_CLASSES",),
        "appointment.warnings": ("dental.slots.appointment_warnings",),
        "appointments.original_doctor": ("dental.slots.original_doctors",),
    },
    seeds=("dental.seeds.load",),
)
