"""What the front desk contributes.

``reception.visit_classes`` is the slot for a line of business whose visits have classes: a
``services.reception.classes.VisitClasses``. ``reception.lead_in_checks`` ``(by=, visit=)`` refuses to lead a guest in,
and ``reception.after_check_in`` ``(visit=, may=)`` gives the page on which the desk goes on after registering, or None.
``reception.desk_columns`` ``() -> {name: expression over Visit}`` is read along with the desk's one query of who is here.
``reception.unmeasured`` ``() -> condition over Visit`` names the waits that no figure counts (a declared outage).
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, Kpi, NavItem, Param, Room

SEES = ("reception.view",)
DESK = ("reception.view", "reception.check_in", "reception.classify", "reception.explain", "reception.close")
INSIDE = ("reception.view", "reception.lead_in", "reception.leave_area", "reception.explain")
TREATS = ("reception.view", "reception.treat", "reception.classify", "reception.leave_area")
TILL = ("reception.view", "reception.settle", "reception.close")
EVERYTHING = tuple(dict.fromkeys((*DESK, *INSIDE, *TREATS)))

ROOM = Room(
    key="reception",
    label=pgettext_lazy("room", "Front desk"),
    urls="services.reception.web.urls",
    api_urls="services.reception.api.urls",
    nav=(
        NavItem(
            key="reception",
            label=pgettext_lazy("nav", "Desk"),
            url_name="reception:board",
            permission="reception.view",
            icon="desk",
            order=10,
            daily_for=(
                "front_desk",
                "lobby_receptionist",
                "guide",
                "cashier",
                "supervisor",
                "service_supervisor",
                "waiting_attendant",
            ),
        ),
        NavItem(
            key="doctor",
            label=pgettext_lazy("nav", "My patients"),
            url_name="reception:doctor",
            permission="reception.treat",
            icon="chair",
            order=15,
            daily_for=("doctor", "specialist", "chief_physician", "doctor_supervisor", "assistant", "nurse"),
            home_for=("doctor", "specialist", "chief_physician"),
        ),
    ),
    permissions={
        "reception.view": _("See the front desk: who is here, who waits, which chair is taken"),
        "reception.check_in": _("Check patients in, tell waits, rebook"),
        "reception.classify": _("Say which class a visit is of"),
        "reception.explain": _("Record that a wait was explained"),
        "reception.lead_in": _("Lead patients to a chair"),
        "reception.leave_area": _("Record that a guest left the treatment area"),
        "reception.treat": _("Begin and finish treatments"),
        "reception.settle": _("Take patients on at the cashier and settle visits"),
        "reception.close": _("Close visits"),
    },
    always_open=(
        "reception.check_in",
        "reception.classify",
        "reception.explain",
        "reception.lead_in",
        "reception.leave_area",
        "reception.treat",
        "reception.settle",
        "reception.close",
    ),
    role_grants={
        "front_desk": (*DESK, "reception.lead_in", "reception.leave_area"),
        "guide": (*DESK, "reception.lead_in", "reception.leave_area"),
        "lobby_receptionist": ("reception.view", "reception.check_in", "reception.classify"),
        "waiting_attendant": INSIDE,
        "nurse": (*INSIDE, "reception.treat", "reception.classify"),
        "assistant": (*INSIDE, "reception.treat", "reception.classify"),
        "head_nurse": (*INSIDE, "reception.treat", "reception.classify"),
        "doctor": TREATS,
        "specialist": TREATS,
        "chief_physician": TREATS,
        "doctor_supervisor": EVERYTHING,
        "supervisor": EVERYTHING,
        "duty_superior": EVERYTHING,
        "clinic_director": EVERYTHING,
        "higher_supervisor": SEES,
        "dean": SEES,
        "cashier": TILL,
        "consultant": SEES,
        "phone_agent": SEES,
        "follow_up_caller": SEES,
        "customer_service": SEES,
        "service_supervisor": SEES,
    },
    parameters=(
        Param(
            key="wait_consent_minutes",
            kind="minutes",
            default=15,
            minimum=0,
            maximum=240,
            unit="min",
            tightens="lower",
            label=_("Announced wait above which the patient is asked"),
            ledger=("QU-003",),
        ),
        Param(
            key="wait_explain_minutes",
            kind="minutes",
            default=20,
            minimum=1,
            maximum=240,
            unit="min",
            tightens="lower",
            label=_("Actual wait above which somebody must explain"),
            ledger=("QU-004",),
        ),
        Param(
            key="wait_reexplain_minutes",
            kind="minutes",
            default=20,
            minimum=5,
            maximum=240,
            unit="min",
            tightens="lower",
            label=_("How long after an explanation the next one is due"),
            ledger=("QU-005",),
        ),
        Param(
            key="wait_escalate_minutes",
            kind="minutes",
            default=40,
            minimum=5,
            maximum=480,
            unit="min",
            tightens="lower",
            label=_("Wait after which an open alert goes to the director"),
            ledger=("QU-005",),
        ),
        Param(
            key="emergency_list",
            kind="list",
            default=["trauma", "jaw_fracture", "acute_pulpitis", "jaw_dislocation"],
            label=_("Conditions that are treated at once"),
            ledger=("QU-007",),
        ),
    ),
    gates=(
        Gate(
            key="reception.chair_free",
            label=_("Led in before the previous guest finished and left"),
            gate_class="process",
            overridable_by=("supervisor",),
            ledger=("QU-008",),
        ),
        Gate(
            key="reception.visit_class",
            label=_("Treatment finished without the class of the visit"),
            gate_class="money",
            ledger=("DE-001",),
        ),
        Gate(
            key="reception.next_visit",
            label=_("Left without a next visit or a reason"),
            gate_class="nudge",
            ledger=("AP-004", "AP-015"),
        ),
    ),
    kpis=(
        Kpi(
            key="visits",
            label=_("Visits"),
            unit="count",
            direction="up",
            version=1,
            compute="services.reception.kpis.visits",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_("Visits registered on the day."),
            aggregate="sum",
            order=10,
        ),
        Kpi(
            key="first_visit_share",
            label=_("First visits"),
            unit="percent",
            version=1,
            compute="services.reception.kpis.first_visit_share",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_("First visits ÷ visits registered on the day."),
            aggregate="ratio",
            order=20,
        ),
        Kpi(
            key="median_wait",
            label=_("Median wait"),
            unit="minutes",
            direction="down",
            version=2,
            compute="services.reception.kpis.median_wait",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_("Median of the minutes from registration to lead-in of the patients led in."),
            aggregate="mean",
            clause="QU-018",
            order=40,
        ),
        Kpi(
            key="unexplained_waits",
            label=_("Waits over the limit, unexplained"),
            unit="percent",
            direction="down",
            version=1,
            compute="services.reception.kpis.unexplained_waits",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_(
                "Waits of strictly more than the limit (20 minutes) that nobody explained before they ended, "
                "÷ all waits of the day."
            ),
            aggregate="ratio",
            clause="QU-004",
            order=50,
        ),
    ),
    handlers={
        "appointments.booked": ("services.reception.handlers.on_booked",),
    },
    timers={"reception.explain_wait": "services.reception.handlers.on_wait_over"},
    machines=("services.reception.machine.MACHINE",),
    slots={
        "appointments.stages": ("services.reception.web.slots.stages",),
        "patient.states": ("services.reception.web.slots.patient_states",),
        "patient.badges": ("services.reception.web.slots.patient_badges",),
        "patients.attended": ("services.reception.selectors.attended",),
        "shift.leftovers": ("services.reception.leftovers.of_day",),
        "patient.actions": ("services.reception.web.slots.patient_actions",),
        "patient.next": ("services.reception.web.slots.patient_next",),
        "patient.timeline": ("services.reception.web.slots.patient_timeline",),
        "patient.purpose": ("services.reception.web.slots.patient_purpose",),
    },
)
