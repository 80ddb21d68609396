"""Medical aesthetics: what this vertical contributes."""

from django.utils.translation import gettext_lazy as _

from kernel.registry import Gate, Kpi, NavItem, Vertical

VERTICAL = Vertical(
    key="aesthetics",
    label=_("Medical aesthetics"),
    short=_("Aesthetics"),
    colour="aesth",
    visit_word=_("appointment"),
    urls="aesthetics.web.urls",
    api_urls="aesthetics.api.urls",
    nav=(
        NavItem(
            key="aesthetics",
            label=_("Procedures"),
            url_name="aesthetics:procedures",
            permission="aesthetics.view",
            icon="flower",
            order=46,
            daily_for=("doctor", "nurse", "consultant"),
        ),
    ),
    permissions={
        "aesthetics.view": _("see procedures and post-op plans"),
        "aesthetics.perform": _("record procedures"),
        "aesthetics.give_aftercare": _("hand out aftercare sheets"),
        "aesthetics.manage_templates": _("change procedure templates"),
    },
    always_open=("aesthetics.perform", "aesthetics.give_aftercare"),
    role_grants={
        **dict.fromkeys(
            ("doctor", "specialist", "chief_physician", "doctor_supervisor"),
            ("aesthetics.view", "aesthetics.perform", "aesthetics.give_aftercare"),
        ),
        **dict.fromkeys(("nurse", "head_nurse"), ("aesthetics.view", "aesthetics.give_aftercare")),
        **dict.fromkeys(("consultant", "follow_up_caller", "supervisor", "dean", "quality"), ("aesthetics.view",)),
        "tenant_admin": ("aesthetics.view", "aesthetics.manage_templates"),
    },
    kpis=(
        Kpi(
            key="postop_on_time",
            label=_("Post-op follow-ups on time"),
            unit="percent",
            version=1,
            compute="aesthetics.kpis.postop_on_time",
            order=80,
            direction="up",
            aggregate="ratio",
            group=_("Aesthetics"),
            definition=_("Post-op follow-ups closed on the day they were due, of all due that were not withdrawn."),
            clause="004 2.4.2",
        ),
    ),
    gates=(
        Gate(
            key="aesthetics.chart_read",
            label=_("Chart read before the service starts"),
            gate_class="law",
            ledger=("CR-024",),
        ),
    ),
    handlers={"aesthetics.procedure_recorded": ("services.kpis.handlers.touched",)},
    slots={
        "complaints.ways": ("aesthetics.complaining.WAYS",),
        "patient.tabs": ("aesthetics.slots.patient_tab",),
        "consultation.demands": ("aesthetics.consulting.DEMANDS",),
    },
    seeds=("aesthetics.seeds.load", "aesthetics.consulting.load"),
)
