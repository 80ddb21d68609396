"""What consultation contributes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, Kpi, NavItem, Param, Room

SEES = ("consultation.view",)
OPENS = ("consultation.open", "consultation.handle")
HANDLES = ("consultation.handle",)
CONSULTS = (*SEES, *OPENS, "consultation.consult", "consultation.write_knowledge", "consultation.see_success")
ANSWERS = (*SEES, *HANDLES, "consultation.answer", "consultation.write_knowledge")
LEADS = (*CONSULTS, "consultation.approve")
TOUCHED = ("services.kpis.handlers.touched",)

ROOM = Room(
    key="consultation",
    label=pgettext_lazy("room", "Consultation"),
    urls="services.consultation.web.urls",
    api_urls="services.consultation.api.urls",
    nav=(
        NavItem(
            key="consultation",
            label=pgettext_lazy("nav", "Consult"),
            url_name="consultation:day",
            permission="consultation.view",
            icon="message",
            order=42,
            daily_for=("consultant",),
            badge="services.consultation.web.views.badge",
            home_for=("consultant",),
        ),
    ),
    permissions={
        "consultation.view": _("See consultations and the knowledge base"),
        "consultation.open": _("Put customers on the list of who waits for a consultant"),
        "consultation.consult": _("Hold consultations"),
        "consultation.answer": _("Answer consultants as a doctor"),
        "consultation.handle": _("Settle what consultants passed on to one's department"),
        "consultation.write_knowledge": _("Write standard answers and sheets of services"),
        "consultation.approve": _("Approve standard answers and sheets of services"),
        "consultation.see_success": _("See success rates of consultants"),
    },
    role_grants={
        "consultant": CONSULTS,
        **dict.fromkeys(("front_desk", "guide", "lobby_receptionist", "phone_agent"), OPENS),
        "customer_service": (*SEES, *OPENS),
        **dict.fromkeys(("doctor", "specialist"), ANSWERS),
        **dict.fromkeys(
            ("chief_physician", "doctor_supervisor"), (*ANSWERS, "consultation.approve", "consultation.see_success")
        ),
        **dict.fromkeys(("supervisor", "service_supervisor", "clinic_director"), LEADS),
        "quality": (*SEES, *HANDLES, "consultation.see_success"),
        "dean": (*SEES, *HANDLES, "consultation.see_success"),
        **dict.fromkeys(("head_nurse", "finance", "higher_supervisor", "department_head"), HANDLES),
    },
    parameters=(
        Param(
            key="success_rate_definition",
            kind="choice",
            default="accepted",
            choices=("accepted", "accepted_and_kept"),
            label=_("What counts as success of a consultation"),
            ledger=("CS-010",),
        ),
        Param(
            key="success_rate_days",
            kind="days",
            default=30,
            minimum=1,
            maximum=365,
            unit="d",
            label=_("Days within which a customer's acceptance counts"),
            ledger=("CS-010",),
        ),
        Param(
            key="success_rate_bookings",
            kind="bool",
            default=True,
            label=_("A booking counts as accepted"),
            ledger=("CS-010",),
        ),
        Param(
            key="repeat_consultation_days",
            kind="days",
            default=90,
            minimum=1,
            maximum=365,
            unit="d",
            label=_("Days within which the same customer's next consultation is a repetition"),
            ledger=("CS-010",),
        ),
        Param(
            key="consultation_doctor_hours",
            kind="int",
            default=4,
            minimum=1,
            maximum=80,
            unit="h",
            tightens="lower",
            label=_("Opening hours within which a doctor answers a consultant"),
            ledger=("CS-006",),
        ),
        Param(
            key="consultation_transfer_hours",
            kind="int",
            default=16,
            minimum=1,
            maximum=160,
            unit="h",
            tightens="lower",
            label=_("Opening hours within which a department settles what was passed on"),
            ledger=("CS-011", "CS-012", "CS-016"),
        ),
        Param(
            key="exaggerated_claims",
            kind="list",
            default=["根治", "永不复发", "百分之百", "100%", "绝对安全", "零风险", "无任何副作用", "无副作用", "最好的", "最先进", "保证成功", "终身有效"],
            label=_("Words that promise too much"),
            ledger=("CS-008",),
        ),
    ),
    kpis=(
        Kpi(
            key="consultation_success",
            label=_("Success rate of consultations"),
            unit="percent",
            direction="up",
            version=1,
            compute="services.consultation.kpis.success_rate",
            group=_("Follow-up and service"),
            definition=_(
                "First consultations begun on the day that led the customer to accept a service in time ÷ first "
                "consultations begun on the day; repeated ones count in neither, by the month's definition."
            ),
            aggregate="ratio",
            clause="000 KPI1",
            order=75,
        ),
    ),
    gates=(
        Gate(
            key="consultation.risks_told",
            label=_("Risks and precautions are told with a recommendation"),
            gate_class="law",
            ledger=("CS-008", "CS-009"),
        ),
        Gate(
            key="consultation.honest_claims",
            label=_("Nothing is promised that nobody can keep"),
            gate_class="law",
            ledger=("CS-008",),
        ),
        Gate(
            key="consultation.exaggeration",
            label=_("Words that promise too much"),
            gate_class="nudge",
            ledger=("CS-008",),
        ),
        Gate(
            key="consultation.conduct",
            label=_("Consultations that left out listening, plain words, fairness or respect"),
            gate_class="nudge",
            ledger=("CS-003", "CS-014", "CS-015"),
        ),
    ),
    handlers={
        "appointments.cancelled": ("services.consultation.handlers.on_booking_given_up",),
        "records.treatment_recorded": ("services.consultation.handlers.on_treated",),
        "cashier.charged": ("services.consultation.handlers.on_charged",),
        "followup.suggested": ("services.consultation.handlers.on_suggestion",),
        "consultation.treated": ("services.followup.handlers.plan",),
        "consultation.started": TOUCHED,
        "consultation.concluded": TOUCHED,
        "consultation.withdrawn": TOUCHED,
    },
    machines=(
        "services.consultation.machines.CONSULTATION",
        "services.consultation.machines.TALK",
        "services.consultation.machines.TRANSFER",
        "services.consultation.machines.ANSWER",
    ),
    slots={
        "patient.tabs": ("services.consultation.web.slots.patient_tab",),
        "patient.timeline": ("services.consultation.web.slots.patient_timeline",),
        "visit.actions": ("services.consultation.web.slots.visit_actions",),
        "consultation.departments": ("services.consultation.transfers.DEPARTMENTS",),
        "followup.call_backs": ("services.consultation.actions.CALL_BACKS",),
        "followup.departments": ("services.consultation.transfers.departments",),
    },
    seeds=("services.consultation.starter.load",),
)  # fmt: skip
