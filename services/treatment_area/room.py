"""What the treatment area contributes: who stands beside the chairs and what they keep."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, Gate, NavItem, Param, Room

SEES = ("treatment_area.view",)
ROUNDS = (*SEES, "treatment_area.companions", "treatment_area.note", "treatment_area.patrol", "treatment_area.report",
          "treatment_area.flag")  # fmt: skip
ATTENDANT = (*ROUNDS, "treatment_area.feedback", "treatment_area.sheet", "treatment_area.hand_in")
INSIDE = (*SEES, "treatment_area.companions", "treatment_area.take_over", "treatment_area.reply", "treatment_area.note",
          "treatment_area.report", "treatment_area.flag")  # fmt: skip
TREATS = (*SEES, "treatment_area.medical_need", "treatment_area.reply")
LEADS = (*ROUNDS, "treatment_area.feedback", "treatment_area.sheet", "treatment_area.accompany")

ROOM = Room(
    key="treatment_area",
    label=pgettext_lazy("room", "Treatment area"),
    urls="services.treatment_area.web.urls",
    api_urls="services.treatment_area.api.urls",
    nav=(
        NavItem(
            key="treatment_area",
            label=pgettext_lazy("nav", "Area"),
            url_name="treatment_area:board",
            permission="treatment_area.companions",
            icon="chair",
            order=12,
            home_for=("waiting_attendant",),
        ),
    ),
    permissions={
        "treatment_area.view": _("See what is kept about guests in the treatment area"),
        "treatment_area.companions": _("Let relatives in or keep them outside"),
        "treatment_area.nurse_reason": _("Let somebody in for a nurse's reason"),
        "treatment_area.medical_need": _("Enter a medical need for a companion, as doctor"),
        "treatment_area.take_over": _("Sign the floor register for guests, as nurse"),
        "treatment_area.feedback": _("Note how guests were received and whether the chart was written"),
        "treatment_area.note": _("Send silent notes to doctors and nurses"),
        "treatment_area.reply": _("Answer silent notes"),
        "treatment_area.patrol": _("Note rounds in the waiting area"),
        "treatment_area.report": _("Report complaints and special cases of the waiting area"),
        "treatment_area.resolve": _("Resolve complaints and special cases of the waiting area"),
        "treatment_area.flag": _("Mark guests who need help"),
        "treatment_area.accompany": _("Accompany guests who need help"),
        "treatment_area.sheet": _("See the daily sheets of the waiting area"),
        "treatment_area.hand_in": _("Hand in the daily sheet of the waiting area"),
        "treatment_area.assign": _("Assign assistants to doctors"),
    },
    role_grants={
        "waiting_attendant": ATTENDANT,
        "guide": (*ROUNDS, "treatment_area.accompany", "treatment_area.feedback"),
        "front_desk": (
            *SEES,
            "treatment_area.note",
            "treatment_area.patrol",
            "treatment_area.report",
            "treatment_area.flag",
        ),
        "lobby_receptionist": (*SEES, "treatment_area.flag"),
        "nurse": (*INSIDE, "treatment_area.nurse_reason"),
        "assistant": INSIDE,
        "head_nurse": (
            *INSIDE,
            "treatment_area.nurse_reason",
            "treatment_area.resolve",
            "treatment_area.sheet",
            "treatment_area.assign",
        ),
        "doctor": TREATS,
        "specialist": TREATS,
        "chief_physician": TREATS,
        "doctor_supervisor": (*TREATS, "treatment_area.sheet"),
        "supervisor": LEADS,
        "duty_superior": LEADS,
        "clinic_director": (*LEADS, "treatment_area.resolve", "treatment_area.assign"),
        "higher_supervisor": (*SEES, "treatment_area.sheet"),
        "dean": (*SEES, "treatment_area.sheet"),
    },
    parameters=(
        Param(
            key="companion_child_max_age",
            kind="int",
            default=12,
            minimum=0,
            maximum=17,
            tightens="lower",
            label=_("Oldest age at which a child has somebody of the family inside (included)"),
            ledger=("QU-011",),
        ),
        Param(
            key="companion_elder_min_age",
            kind="int",
            default=70,
            minimum=50,
            maximum=120,
            tightens="higher",
            label=_("Youngest age at which an elderly guest has somebody of the family inside (included)"),
            ledger=("QU-011",),
        ),
        Param(
            key="companion_max",
            kind="int",
            default=1,
            minimum=0,
            maximum=1,
            tightens="lower",
            label=_("Relatives inside with a guest at a time"),
            ledger=("QU-011", "QU-023"),
        ),
        Param(
            key="companion_grounds",
            kind="list",
            default=["minor", "disability", "interpreter", "hired", "nurse_reason"],
            literal=[],
            label=_("Further grounds that let one person in with a guest"),
            ledger=("QU-011",),
        ),
        Param(
            key="take_over_minutes",
            kind="minutes",
            default=5,
            minimum=1,
            maximum=120,
            unit="min",
            tightens="lower",
            label=_("Time after the lead-in in which a nurse signs the floor register"),
            ledger=("QU-010",),
        ),
        Param(
            key="note_reply_minutes",
            kind="minutes",
            default=5,
            minimum=1,
            maximum=120,
            unit="min",
            tightens="lower",
            label=_("Time in which a silent note is answered"),
            ledger=("QU-012",),
        ),
        Param(
            key="patrol_minutes",
            kind="minutes",
            default=20,
            minimum=5,
            maximum=240,
            unit="min",
            tightens="lower",
            label=_("How often somebody goes round among the waiting guests"),
            ledger=("QU-006",),
        ),
        Param(
            key="concern_minutes",
            kind="minutes",
            default=30,
            minimum=5,
            maximum=480,
            unit="min",
            tightens="lower",
            label=_("Time in which a reported case of the waiting area is resolved"),
            ledger=("QU-006",),
        ),
    ),
    gates=(
        # Nobody overrides it: a doctor's medical need cures it (QU-023).
        Gate(
            key="treatment_area.companion",
            label=_("A relative comes into the treatment area"),
            gate_class="law",
            ledger=("QU-011", "QU-023"),
        ),
    ),
    handlers={
        "visit.led_in": ("services.treatment_area.handlers.on_led_in",),
        "visit.left": ("services.treatment_area.handlers.on_gone",),
        "visit.rebooked": ("services.treatment_area.handlers.on_gone",),
        "visit.left_unseen": ("services.treatment_area.handlers.on_gone",),
    },
    timers={
        "treatment_area.take_over": "services.treatment_area.handlers.on_take_over_missing",
        "treatment_area.note_unanswered": "services.treatment_area.handlers.on_note_unanswered",
    },
    daily={
        "treatment_area.old_sheets": Daily(at="05:30", handler="services.treatment_area.handlers.drop_old_sheets"),
        "treatment_area.assistance": Daily(at="07:00", handler="services.treatment_area.handlers.alarm_gaps"),
    },
    machines=(
        "services.treatment_area.machine.RELATIVE",
        "services.treatment_area.machine.NOTE",
        "services.treatment_area.machine.CONCERN",
        "services.treatment_area.machine.PRIORITY",
    ),
    slots={
        "visit.actions": ("services.treatment_area.web.slots.visit_actions",),
        "visit.beside": ("services.treatment_area.web.slots.beside",),
        "patient.badges": ("services.treatment_area.web.slots.patient_badges",),
    },
)
