"""What the first visit contributes: the form of a newcomer, its signature, and the hand-over of what is special."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, NavItem, Param, Room

SEES = ("intake.view",)
FILLS = (*SEES, "intake.fill")
DESK = (*FILLS, "intake.check", "intake.hand_over")
RECEIVES = (*SEES, "intake.acknowledge")

ROOM = Room(
    key="intake",
    label=pgettext_lazy("room", "First visit"),
    urls="services.intake.web.urls",
    api_urls="services.intake.api.urls",
    nav=(
        NavItem(
            key="intake",
            label=pgettext_lazy("nav", "First visits"),
            url_name="intake:list",
            permission="intake.fill",
            icon="clipboard",
            order=14,
            badge="services.intake.selectors.due_count",
        ),
    ),
    permissions={
        "intake.view": _("See first-visit forms"),
        "intake.fill": _("Fill in first-visit forms and let visitors sign"),
        "intake.check": _("Confirm that a first-visit form is complete and right"),
        "intake.hand_over": _("Mark what is special and hand first visits over"),
        "intake.acknowledge": _("Acknowledge the hand-over of a first visit"),
        "intake.manage": _("Change the wording of first-visit forms"),
    },
    always_open=("intake.hand_over", "intake.acknowledge"),
    role_grants={
        **dict.fromkeys(("front_desk", "guide", "customer_service", "team_leader"), DESK),
        "lobby_receptionist": FILLS,
        "consultant": (*DESK, "intake.acknowledge"),
        **dict.fromkeys(("supervisor", "clinic_director"), (*DESK, "intake.manage")),
        # The check writes into the patient's file, which a duty superior does not keep.
        "duty_superior": (*FILLS, "intake.hand_over"),
        "service_supervisor": (*SEES, "intake.manage"),
        **dict.fromkeys(("doctor", "specialist", "chief_physician", "doctor_supervisor"), RECEIVES),
        **dict.fromkeys(("nurse", "assistant", "head_nurse"), (*RECEIVES, "intake.hand_over")),
        "waiting_attendant": SEES,
        **dict.fromkeys(("higher_supervisor", "dean", "quality"), SEES),
    },
    parameters=(
        Param(
            key="first_visit_form",
            kind="bool",
            default=False,
            label=_("A newcomer without a booking is led in only after the form was handed over"),
            ledger=("FD-007", "FD-008"),
        ),
        Param(
            key="first_visit_signature",
            kind="bool",
            default=True,
            label=_("The form of a newcomer without a booking is handed over only signed"),
            ledger=("FD-007",),
        ),
        Param(
            key="hand_over_by_giver",
            kind="bool",
            default=True,
            literal=False,
            label=_("Whoever hands over may say for the receiver that it was understood"),
            ledger=("FD-009",),
        ),
        Param(
            key="hand_over_confirm_minutes",
            kind="minutes",
            default=30,
            minimum=5,
            maximum=240,
            unit="min",
            tightens="lower",
            label=_("How soon the receiver confirms a hand-over"),
            ledger=("FD-009",),
        ),
        Param(
            key="intake_link_minutes",
            kind="minutes",
            default=60,
            minimum=5,
            maximum=240,
            unit="min",
            tightens="lower",
            label=_("How long a visitor's link to the first-visit form is valid"),
            ledger=("FD-007",),
        ),
    ),
    gates=(
        Gate(
            key="intake.special",
            label=_("Led in although something special is not in its three places"),
            gate_class="law",
            ledger=("FD-009",),
        ),
        Gate(
            key="intake.form",
            label=_("First visit led in before its form was handed over"),
            gate_class="process",
            overridable_by=("supervisor",),
            ledger=("FD-007", "FD-008"),
        ),
        Gate(
            key="intake.signature",
            label=_("First-visit form handed over unsigned"),
            gate_class="process",
            overridable_by=("supervisor",),
            ledger=("FD-007",),
        ),
    ),
    handlers={
        "appointments.booked": ("services.intake.handlers.on_booked",),
        "appointments.cancelled": ("services.intake.handlers.on_given_up",),
        "appointments.no_show": ("services.intake.handlers.on_given_up",),
        "visit.registered": ("services.intake.handlers.on_registered",),
        "visit.rebooked": ("services.intake.handlers.on_gone",),
        "visit.left_unseen": ("services.intake.handlers.on_gone",),
    },
    timers={"intake.hand_over_due": "services.intake.handlers.on_hand_over_due"},
    machines=("services.intake.machine.SHEET",),
    slots={
        "reception.lead_in_checks": ("services.intake.seating.refuse_unready",),
        "reception.desk_columns": ("services.intake.selectors.desk_columns",),
        "reception.after_check_in": ("services.intake.seating.after_check_in",),
        "visit.actions": ("services.intake.web.slots.visit_actions",),
        "visit.beside": ("services.intake.web.slots.beside",),
        "patient.warnings": ("services.intake.web.slots.patient_warnings",),
        "patient.timeline": ("services.intake.web.slots.patient_timeline",),
        "patient.next": ("services.intake.web.slots.patient_next",),
    },
)
