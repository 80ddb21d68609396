"""What the telephone contributes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, Kpi, NavItem, Param, Room
from services.sites.room import ROLES

RECEIVES = ("telephone.receive",)
SEES = (*RECEIVES, "telephone.view")
SPEAKS = (*SEES, "telephone.log")
LEADS = (*SPEAKS, "telephone.answer", "telephone.manage")
SPEAKING = (
    "front_desk", "guide", "lobby_receptionist", "phone_agent", "follow_up_caller", "customer_service", "consultant",
)  # fmt: skip
LEADING = (
    "supervisor", "service_supervisor", "duty_superior", "higher_supervisor", "clinic_director", "department_head",
)  # fmt: skip

ROOM = Room(
    key="telephone",
    label=pgettext_lazy("room", "Telephone"),
    urls="services.telephone.web.urls",
    api_urls="services.telephone.api.urls",
    nav=(
        NavItem(
            key="telephone",
            label=pgettext_lazy("nav", "Telephone"),
            url_name="telephone:list",
            permission="telephone.view",
            icon="phone",
            order=45,
            home_for=("phone_agent",),
        ),
    ),
    permissions={
        "telephone.receive": _("Acknowledge and settle messages for oneself"),
        "telephone.view": _("See calls, messages and promises"),
        "telephone.log": _("Log calls, take messages and promise call-backs"),
        "telephone.answer": _("Answer forwarded questions and requests"),
        "telephone.manage": _("Change scripts, forbidden phrases and marked numbers"),
    },
    always_open=("telephone.receive", "telephone.log", "telephone.answer"),
    role_grants={
        **{role.slug: RECEIVES for role in ROLES},
        **dict.fromkeys(SPEAKING, SPEAKS),
        **dict.fromkeys(LEADING, LEADS),
        "team_leader": (*SPEAKS, "telephone.answer"),
        "dean": (*SEES, "telephone.answer"),
        "quality": SEES,
        "investigator": SEES,
    },
    parameters=(
        Param(
            key="emergency_phone",
            kind="text",
            default="120",
            label=_("Emergency phone, printed on receipts and said at departure"),
            ledger=("TC-033",),
        ),
        Param(
            key="ring_answer",
            kind="int",
            default=3,
            minimum=1,
            maximum=10,
            unit="rings",
            tightens="lower",
            label=_("Rings within which a call is answered"),
            ledger=("TC-002",),
        ),
        Param(
            key="callback_due_hours",
            kind="int",
            default=4,
            minimum=1,
            maximum=40,
            unit="h",
            tightens="lower",
            label=_("Opening hours within which a promised call-back is made"),
            ledger=("TC-011", "TC-012"),
        ),
        Param(
            key="message_minutes",
            kind="minutes",
            default=30,
            minimum=5,
            maximum=480,
            unit="min",
            tightens="lower",
            label=_("How soon a message must be acknowledged"),
            ledger=("TC-007",),
        ),
        Param(
            key="silent_first_gap",
            kind="int",
            default=3,
            minimum=1,
            maximum=20,
            unit="s",
            label=_("Silent call: seconds until the second greeting"),
            ledger=("TC-019",),
        ),
        Param(
            key="hangup_pause",
            kind="int",
            default=2,
            minimum=1,
            maximum=20,
            unit="s",
            label=_("Seconds to wait before a silent call is ended"),
            ledger=("TC-018", "TC-019"),
        ),
    ),
    kpis=(
        Kpi(
            key="answered_in_rings",
            label=_("Calls answered in time"),
            unit="percent",
            direction="up",
            version=1,
            compute="services.telephone.kpis.answered_in_rings",
            group=_("Follow-up and service"),
            kinds=("clinic",),
            definition=_(
                "Incoming calls answered within the set number of rings ÷ incoming calls whose rings were counted."
            ),
            aggregate="ratio",
            clause="TC-002",
            order=75,
        ),
    ),
    gates=(
        Gate(
            key="telephone.forbidden_phrase",
            label=_("Words that are better left unsaid"),
            gate_class="nudge",
            ledger=("TC-030",),
        ),
    ),
    timers={"telephone.promise_due": "services.telephone.handlers.on_due"},
    machines=("services.telephone.machines.MESSAGE", "services.telephone.machines.PROMISE"),
    slots={
        "patient.timeline": ("services.telephone.web.slots.patient_timeline",),
        "patient.tabs": ("services.telephone.web.slots.patient_tab",),
        "shift.leftovers": ("services.telephone.leftovers.of_day",),
        "followup.call_backs": ("services.telephone.promises.CALL_BACKS",),
        "followup.holds": ("services.telephone.selectors.complaint_hold",),
    },
    seeds=("services.telephone.starter.load",),
)
