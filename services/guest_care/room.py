"""What guest care contributes: what lobby, desk and floor do for people around the visit.

``guest_care.introduction`` is the slot for a line of business that wants more said when a guest is handed to the doctor: a
``services.guest_care.introducing.Introducing``.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, Gate, NavItem, Param, Room

SEES = ("guest_care.view",)
CARES = (*SEES, "guest_care.log", "guest_care.pass", "guest_care.introduce", "guest_care.observe", "guest_care.remind",
         "guest_care.queue")  # fmt: skip
TREATS = (*SEES, "guest_care.answer", "guest_care.read_observations", "guest_care.remind", "guest_care.hand_over",
          "guest_care.inject")  # fmt: skip
NURSES = (*SEES, "guest_care.log", "guest_care.pass", "guest_care.introduce", "guest_care.remind",
          "guest_care.hand_over", "guest_care.inject", "guest_care.queue")  # fmt: skip
LEADS = (*CARES, "guest_care.acknowledge", "guest_care.carry_over", "guest_care.report", "guest_care.manage")

ROOM = Room(
    key="guest_care",
    label=pgettext_lazy("room", "Guests"),
    urls="services.guest_care.web.urls",
    api_urls="services.guest_care.api.urls",
    nav=(
        NavItem(
            key="guest_care",
            label=pgettext_lazy("nav", "Guests"),
            url_name="guest_care:now",
            permission="guest_care.log",
            icon="people",
            order=11,
            daily_for=("front_desk", "lobby_receptionist", "guide", "waiting_attendant"),
            home_for=("lobby_receptionist",),
        ),
    ),
    permissions={
        "guest_care.view": _("See what is kept about guests around their visit"),
        "guest_care.log": _("Note luggage, wishes, opinions, questions, enquiries and steps of the service"),
        "guest_care.pass": _("Pass guests from post to post and take them over"),
        "guest_care.introduce": _("Hand guests over to the doctor"),
        "guest_care.observe": _("Note for the doctor what was noticed about a guest"),
        "guest_care.read_observations": _("Read what the desk noticed about a guest"),
        "guest_care.receive": _("Record how a guest was received, as consultant"),
        "guest_care.remind": _("Set reminders of prescriptions and injections"),
        "guest_care.hand_over": _("Tick off prescriptions"),
        "guest_care.inject": _("Tick off injections, withdraw reminders"),
        "guest_care.answer": _("Answer questions of guests, as doctor"),
        "guest_care.acknowledge": _("Acknowledge opinions of guests"),
        "guest_care.carry_over": _("Carry open questions over to another day"),
        "guest_care.queue": _("Give and call numbers, report faults of the screen"),
        "guest_care.report": _("See how promptly guests were registered and seated"),
        "guest_care.manage": _("Change what is done for guests and said to them"),
    },
    role_grants={
        "front_desk": CARES,
        "guide": CARES,
        "lobby_receptionist": CARES,
        "waiting_attendant": CARES,
        "customer_service": (*SEES, "guest_care.log", "guest_care.pass", "guest_care.receive"),
        "consultant": (*SEES, "guest_care.log", "guest_care.pass", "guest_care.receive"),
        "phone_agent": SEES,
        "cashier": (*SEES, "guest_care.log", "guest_care.hand_over"),
        "nurse": NURSES,
        "assistant": NURSES,
        "head_nurse": (*NURSES, "guest_care.carry_over"),
        "doctor": TREATS,
        "specialist": TREATS,
        "chief_physician": TREATS,
        "doctor_supervisor": (*TREATS, "guest_care.report"),
        "supervisor": LEADS,
        "duty_superior": LEADS,
        "service_supervisor": LEADS,
        "team_leader": (*CARES, "guest_care.carry_over"),
        "clinic_director": LEADS,
        "higher_supervisor": (*SEES, "guest_care.report"),
        "dean": (*SEES, "guest_care.report", "guest_care.acknowledge"),
        "quality": (*SEES, "guest_care.report"),
        "tenant_admin": (*SEES, "guest_care.queue", "guest_care.manage"),
    },
    parameters=(
        Param(
            key="pass_minutes",
            kind="minutes",
            default=3,
            minimum=1,
            maximum=60,
            unit="min",
            tightens="lower",
            label=_("Time in which a guest who was passed on is taken over"),
            ledger=("FD-040",),
        ),
        Param(
            key="opinion_minutes",
            kind="minutes",
            default=60,
            minimum=5,
            maximum=1440,
            unit="min",
            tightens="lower",
            label=_("Time in which the duty superior acknowledges an opinion"),
            ledger=("FD-024",),
        ),
        Param(
            key="reminder_minutes",
            kind="minutes",
            default=30,
            minimum=5,
            maximum=480,
            unit="min",
            tightens="lower",
            label=_("Time after which an open prescription or injection goes to the superior"),
            ledger=("FD-028",),
        ),
        Param(
            key="queue_repair_hours",
            kind="int",
            default=4,
            minimum=1,
            maximum=72,
            unit="h",
            tightens="lower",
            label=_("Hours in which the calling screen is repaired"),
            ledger=("QU-013",),
        ),
    ),
    gates=(
        Gate(
            key="guest_care.chart_handed",
            label=_("Guest handed over without the chart in both hands"),
            gate_class="nudge",
            ledger=("FD-014",),
        ),
        Gate(
            key="guest_care.reception_steps",
            label=_("Guest not received standing and led to the seats"),
            gate_class="nudge",
            ledger=("FD-004",),
        ),
    ),
    handlers={
        "visit.led_in": ("services.guest_care.handlers.on_led_in",),
        "visit.rebooked": ("services.guest_care.handlers.on_gone",),
        "visit.left_unseen": ("services.guest_care.handlers.on_gone",),
        "visit.closed": ("services.guest_care.handlers.on_gone",),
    },
    daily={"guest_care.unled": Daily(at="21:30", handler="services.guest_care.handlers.flag_unled")},
    machines=(
        "services.guest_care.machine.LUGGAGE",
        "services.guest_care.machine.ADVICE",
        "services.guest_care.machine.OPINION",
        "services.guest_care.machine.REQUEST",
        "services.guest_care.machine.QUESTION",
        "services.guest_care.machine.PASS",
        "services.guest_care.machine.REMINDER",
        "services.guest_care.machine.TICKET",
        "services.guest_care.machine.FAULT",
    ),
    slots={
        "visit.actions": ("services.guest_care.web.slots.visit_actions",),
        "visit.beside": ("services.guest_care.web.slots.beside",),
        "visit.timeline": ("services.guest_care.web.slots.visit_timeline",),
        "visits.flags": ("services.guest_care.web.slots.flags_of_visits",),
        "treatment_area.parts": ("services.guest_care.web.slots.area_part",),
        "slip.notices": ("services.guest_care.web.slots.slip_notices",),
        "shift.leftovers": ("services.guest_care.leftovers.of_day",),
        "patient.badges": ("services.guest_care.web.slots.patient_badges",),
    },
    seeds=("services.guest_care.starter.load",),
)
