"""What the day of a site contributes: who opens, meets, keeps the registers, covers, hands over and closes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, Gate, NavItem, Param, Room

SEES = ("shift.view", "shift.sheet", "shift.arrive", "shift.leave_post", "shift.register")
TAKES_OVER = (*SEES, "shift.receive", "shift.clean")
DESK = (*TAKES_OVER, "shift.open", "shift.meet", "shift.hand_over", "shift.contacts")
LEADS = (*DESK, "shift.cashier_area", "shift.answer_incident", "shift.resolve", "shift.zones", "shift.manage")
OVERRIDERS = ("supervisor", "service_supervisor", "duty_superior", "clinic_director", "higher_supervisor", "head_nurse")

ROOM = Room(
    key="shift",
    label=pgettext_lazy("room", "Shift"),
    urls="services.shift.web.urls",
    api_urls="services.shift.api.urls",
    nav=(
        NavItem(
            key="shift",
            label=pgettext_lazy("nav", "Shift"),
            url_name="shift:today",
            permission="shift.view",
            icon="clipboard",
            order=42,
            daily_for=(
                "front_desk",
                "lobby_receptionist",
                "guide",
                "cashier",
                "supervisor",
                "waiting_attendant",
                "clinic_director",
            ),
        ),
    ),
    permissions={
        "shift.view": _("See the day of the site, its registers and hand-overs"),
        "shift.arrive": _("Report being at work"),
        "shift.open": _("Tick the lists of the day and open the site"),
        "shift.sheet": _("See the sheet of the morning meeting, with its patients"),
        "shift.meet": _("Chair the morning meeting and note who came"),
        "shift.register": _("Keep the registers; report dirt and disturbances"),
        "shift.leave_post": _("Leave a post with a cover, and come back"),
        "shift.cashier_area": _("Let somebody into the cashier area"),
        "shift.hand_over": _("Hand over a shift and close the day"),
        "shift.receive": _("Take over a shift, and say what does not agree"),
        "shift.resolve": _("Resolve discrepancies of hand-overs"),
        "shift.answer_incident": _("Answer and close disturbances"),
        "shift.clean": _("Close hygiene tickets"),
        "shift.zones": _("Allocate the zones that are kept clean"),
        "shift.contacts": _("Print tomorrow's bookings with phone numbers"),
        "shift.manage": _("Change the lists of the day"),
    },
    role_grants={
        **dict.fromkeys(("front_desk", "guide", "customer_service"), DESK),
        **dict.fromkeys(
            ("phone_agent", "lobby_receptionist", "waiting_attendant", "consultant", "follow_up_caller"), TAKES_OVER
        ),
        "cashier": (*DESK, "shift.cashier_area"),
        # In a small house the nurse opens and closes when the desk is away.
        **dict.fromkeys(("nurse", "assistant"), DESK),
        **dict.fromkeys(("doctor", "specialist", "doctor_supervisor"), TAKES_OVER),
        "chief_physician": (*TAKES_OVER, "shift.resolve"),
        "head_nurse": LEADS,
        **dict.fromkeys(
            ("supervisor", "service_supervisor", "duty_superior", "clinic_director", "department_head", "team_leader"),
            LEADS,
        ),
        **dict.fromkeys(("higher_supervisor", "dean"), (*SEES, "shift.answer_incident", "shift.resolve")),
        "quality": ("shift.view",),
    },
    parameters=(
        Param(
            key="opening_prep_minutes",
            kind="minutes",
            default=15,
            minimum=0,
            maximum=120,
            unit="min",
            tightens="higher",
            label=_("How long before their shift everybody is at work and ready"),
            ledger=("GV-006", "GV-007"),
        ),
        Param(
            key="blank_records_min",
            kind="int",
            default=20,
            minimum=0,
            maximum=500,
            tightens="higher",
            label=_("Blank new-patient records at the desk in the morning, at least"),
            ledger=("GV-006",),
        ),
        Param(
            key="morning_meeting_time",
            kind="time",
            default="08:20",
            label=_("When the morning meeting begins"),
            ledger=("GV-004",),
        ),
        Param(
            key="post_never_empty",
            kind="choice",
            choices=("nudge", "refuse"),
            default="nudge",
            literal="refuse",
            tightens="higher",
            label=_("Leaving a post that nobody covers: counted (nudge) or refused (refuse)"),
            ledger=("GV-018",),
        ),
    ),
    gates=(
        Gate(
            key="shift.opened",
            label=_("The site is opened although the opening list is not finished"),
            gate_class="process",
            overridable_by=OVERRIDERS,
            ledger=("GV-007",),
        ),
        Gate(
            key="shift.before_opening",
            label=_("Guests registered before the site was opened"),
            gate_class="nudge",
            ledger=("GV-007",),
        ),
        Gate(key="shift.post_empty", label=_("Posts left empty"), gate_class="nudge", ledger=("GV-018",)),
        # Cured by a cashier who is on duty; nobody overrides what guards the till.
        Gate(
            key="shift.cashier_area",
            label=_("Somebody goes into the cashier area"),
            gate_class="money",
            ledger=("GV-017",),
        ),
        Gate(key="shift.closed", label=_("The day is closed"), gate_class="money", ledger=("GV-013", "GV-036")),
    ),
    handlers={"visit.registered": ("services.shift.handlers.on_registered",)},
    daily={"shift.plan": Daily(at="05:45", handler="services.shift.handlers.plan_days")},
    machines=(
        "services.shift.machines.DAY",
        "services.shift.machines.MEETING",
        "services.shift.machines.HANDOVER",
        "services.shift.machines.DISCREPANCY",
        "services.shift.machines.AWAY",
        "services.shift.machines.ENTRY",
        "services.shift.machines.VISITOR",
        "services.shift.machines.INCIDENT",
        "services.shift.machines.TICKET",
        "services.shift.machines.ERRAND",
    ),
    slots={
        "shift.leftovers": ("services.shift.leftovers.own",),
        "tasks.subject.errand": ("services.shift.selectors.errand_subjects",),
        "tasks.subject.visitor": ("services.shift.selectors.visitor_subjects",),
        "tasks.subject.hygiene_ticket": ("services.shift.selectors.ticket_subjects",),
    },
    seeds=("services.shift.starter.load",),
)
