"""What bookings contribute.

Slots: ``appointment.warnings`` ``(request, appointment=…)``: dict(tone, title, text, icon) above the confirmation of a
booking; ``appointments.earlier_treatments`` ``(patient, day)``: see ``services.appointments.originals``;
``appointments.unmeasured`` ``() -> condition over Appointment``: bookings whose wait no figure counts (a declared outage).
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, Gate, Kpi, NavItem, Param, Room

# The rules of services.appointments.assignment in the order in which they are asked.
POLICY = ("emergency", "original_doctor", "single_doctor", "supervisor", "mutual_help", "rotation")
SEES = ("appointments.view",)
ATTENDS = ("appointments.view", "appointments.attend")
BOOKS = ("appointments.view", "appointments.book", "appointments.confirm")
DESK = (*BOOKS, "appointments.attend")
LEADS = (
    *DESK,
    "appointments.consult",
    "appointments.block",
    "appointments.write_card",
    "appointments.assign",
    "appointments.view_shares",
)
TREATS = ("appointments.view", "appointments.book", "appointments.attend", "appointments.write_card")
CONSULTS = (*TREATS, "appointments.consult")

ROOM = Room(
    key="appointments",
    label=pgettext_lazy("room", "Bookings"),
    urls="services.appointments.web.urls",
    api_urls="services.appointments.api.urls",
    nav=(
        NavItem(
            key="appointments",
            label=pgettext_lazy("nav", "Bookings"),
            url_name="appointments:board",
            permission="appointments.view",
            icon="calendar",
            order=20,
            daily_for=(
                "front_desk",
                "lobby_receptionist",
                "guide",
                "supervisor",
                "doctor",
                "specialist",
                "chief_physician",
                "consultant",
                "phone_agent",
                "nurse",
                "head_nurse",
            ),
        ),
        NavItem(
            key="houses",
            label=pgettext_lazy("nav", "Shared doctors"),
            url_name="appointments:houses",
            permission="appointments.share_calendar",
            icon="people",
            order=810,
        ),
    ),
    permissions={
        "appointments.view": _("See bookings"),
        "appointments.book": _("Book, move and cancel visits"),
        "appointments.confirm": _("Confirm visits with patients"),
        "appointments.attend": _("Record that booked patients came or did not come"),
        "appointments.assign": _("Assign patients whose original doctor has gone"),
        "appointments.view_shares": _("See rotation, mutual help and wishes"),
        "appointments.block": _("Block times of people and chairs"),
        "appointments.consult": _("Ask for remote consultations and write down their results"),
        "appointments.write_card": _("Write the appointment card for the next visit"),
        "appointments.share_calendar": _("Share the busy times of a doctor with other houses of the chain"),
    },
    role_grants={
        "front_desk": DESK,
        "guide": DESK,
        "lobby_receptionist": ATTENDS,
        "waiting_attendant": ATTENDS,
        "phone_agent": BOOKS,
        "customer_service": BOOKS,
        "consultant": (*BOOKS, "appointments.consult"),
        "follow_up_caller": ("appointments.view", "appointments.book"),
        "doctor": CONSULTS,
        "specialist": CONSULTS,
        "chief_physician": CONSULTS,
        "nurse": TREATS,
        "assistant": TREATS,
        "head_nurse": LEADS,
        "doctor_supervisor": LEADS,
        "supervisor": LEADS,
        "higher_supervisor": (*SEES, "appointments.view_shares"),
        "duty_superior": LEADS,
        "clinic_director": LEADS,
        "cashier": ATTENDS,
        "dean": (*SEES, "appointments.view_shares"),
        "tenant_admin": ("appointments.share_calendar",),
    },
    parameters=(
        Param(
            key="unit_minutes",
            kind="minutes",
            default=15,
            minimum=5,
            maximum=60,
            unit="min",
            label=_("Length of one booking unit"),
            ledger=("AP-003",),
        ),
        Param(
            key="exam_units",
            kind="int",
            default=1,
            minimum=1,
            maximum=16,
            label=_("Units of a routine examination"),
            ledger=("AP-003",),
        ),
        Param(
            key="house_travel_minutes",
            kind="minutes",
            default=0,
            minimum=0,
            maximum=240,
            unit="min",
            label=_("Way between this site and another house for a doctor of both"),
        ),
        Param(
            key="reminder_lead_days",
            kind="days",
            default=1,
            minimum=1,
            maximum=14,
            label=_("Opening days before the visit on which it is confirmed"),
            ledger=("AP-013",),
        ),
        Param(
            key="reminder_catchup_deadline",
            kind="time",
            default="12:00",
            label=_("Until when an unfinished confirmation is made up on the day of the visit"),
            ledger=("FU-002",),
        ),
        Param(
            key="reminder_min_lead",
            kind="minutes",
            default=60,
            minimum=0,
            maximum=24 * 60,
            unit="min",
            label=_("How long before the visit a confirmation must be finished"),
            ledger=("FU-002",),
        ),
        Param(
            key="booking_offer_days",
            kind="days",
            default=3,
            minimum=1,
            maximum=30,
            label=_("How many days ahead times are offered on the phone"),
            ledger=("AP-009",),
        ),
        Param(
            key="booking_advice_days",
            kind="days",
            default=2,
            minimum=1,
            maximum=14,
            label=_("How many days ahead patients are advised to book"),
            ledger=("AP-009",),
        ),
        Param(
            key="assignment_policy",
            kind="list",
            default=list(POLICY),
            choices=POLICY,
            label=_("Order of the rules that say whom a patient sees"),
            ledger=("AP-007", "AP-008", "AP-025"),
        ),
    ),
    kpis=(
        Kpi(
            key="no_show",
            label=_("No-show"),
            unit="percent",
            direction="down",
            version=1,
            compute="services.appointments.kpis.no_show",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_("No-shows ÷ (completed + cancelled + no-show) of the bookings of the day."),
            aggregate="ratio",
            clause="AP-040",
            order=30,
        ),
        Kpi(
            key="reminders_completed",
            label=_("Confirmations in time"),
            unit="percent",
            direction="up",
            version=1,
            compute="services.appointments.kpis.reminders_completed",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_(
                "Confirmations due on the day with a result before noon of the visit's day and before its lead time, "
                "÷ confirmations due; withdrawn ones do not count."
            ),
            aggregate="ratio",
            clause="FU-002",
            order=60,
        ),
        Kpi(
            key="requests_satisfied",
            label=_("Requests satisfied"),
            unit="percent",
            direction="up",
            version=1,
            compute="services.appointments.kpis.requests_satisfied",
            group=_("Visits and waiting"),
            kinds=("clinic",),
            definition=_("Wishes for a doctor (person, sex, age, title, specialty) that were granted ÷ wishes told."),
            aggregate="ratio",
            clause="AP-034",
            order=59,
        ),
    ),
    handlers={
        "staff.roster_changed": ("services.appointments.handlers.on_roster_changed",),
        "staff.left": ("services.appointments.handlers.on_staff_left",),
        "appointments.moved": ("services.appointments.handlers.on_time_freed",),
        "appointments.cancelled": ("services.appointments.handlers.on_time_freed",),
        "busy.changed": ("services.appointments.handlers.on_busy_changed",),
        "busy.sharing_ended": ("services.appointments.handlers.on_sharing_ended",),
    },
    daily={"appointments.morning_check": Daily(at="07:30", handler="services.appointments.handlers.morning_check")},
    gates=(
        Gate(
            key="appointments.booking_talk",
            label=_("Read back and explained at booking"),
            gate_class="nudge",
            ledger=("AP-010", "AP-011"),
        ),
    ),
    machines=(
        "services.appointments.machine.MACHINE",
        "services.appointments.lifecycles.REFERRAL",
        "services.appointments.lifecycles.ARRANGEMENT",
        "services.appointments.lifecycles.REMOTE",
    ),
    slots={
        "importing.sheets": ("services.appointments.sheets.APPOINTMENTS",),
        "patients.attended": ("services.appointments.selectors.attended",),
        "tasks.subject.patient": ("services.appointments.selectors.patient_subjects",),
        "visit.actions": ("services.appointments.web.slots.visit_actions",),
        "patient.family_actions": ("services.appointments.web.groups.family_actions",),
        "patients.next_visits": ("services.appointments.web.groups.next_visits",),
        "patient.timeline": ("services.appointments.web.slots.patient_timeline",),
        "shift.leftovers": ("services.appointments.leftovers.of_day",),
        "followup.call_backs": ("services.appointments.specialists.CALL_BACKS",),
    },
)
