"""What patients contribute: files, families, search, and the places on a patient's page that other rooms fill.

Slots of the patient's page, each ``(request, patient=…)``:

``patient.warnings``  dict(tone, title, text, icon) under the name
``patient.badges``    dict(label, tone, icon) or dict(state, text) beside the name
``patient.actions``   dict(label, url, key, kind, icon): buttons of the header, ordered by ``order``
``patient.main``      safe html above the timeline
``patient.tabs``      dict(key, label, url, count): further pages about the patient
``patient.timeline``  dict(at, icon, title, text, who, tone, url, kind, kind_label), newest wins
``patient.next``      dict(title, text, url, key, tone, icon): what comes next, right column
``patient.aside``     safe html in the right column
``patient.purpose``   the task at hand for which this person reads the file, or None

Of the family's page: ``patients.next_visits`` ``(request, patients=…)``: dict(patient=primary key, text, url), the next
visit of each; ``patient.family_actions`` ``(request, patient=…, members=…)``: buttons like those of ``patient.actions``;

and ``patient.states`` ``(patients) -> {pk: (state key, words)}`` for lists and search: where each is at this moment.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, NavItem, Param, Room
from services.patients.restriction import BREAKERS, GATE

SEE_FILES = ("nurse", "assistant", "cashier", "waiting_attendant", "reconciler", "investigator", "lobby_receptionist")
SEE_PHONES = ("doctor", "specialist", "chief_physician", "doctor_supervisor", "head_nurse", "duty_superior")
KEEP_FILES = (
    "front_desk", "guide", "phone_agent", "follow_up_caller", "customer_service", "consultant", "supervisor",
    "higher_supervisor", "service_supervisor", "clinic_director", "dean", "team_leader", "department_head",
)  # fmt: skip

KEEP = ("patients.view", "patients.reveal_phone", "patients.register", "patients.edit")
RULES = ("patients.merge", "patients.ask_export", "patients.release_export", "patients.see_readers")
ASKS = ("patients.ask_export",)

ROOM = Room(
    key="patients",
    label=pgettext_lazy("room", "Patients"),
    urls="services.patients.web.urls",
    api_urls="services.patients.api.urls",
    permissions={
        "patients.view": _("See patients' files with masked phones"),
        "patients.register": _("Register patients"),
        "patients.edit": _("Change patients' data, contacts and families"),
        "patients.reveal_phone": _("See a full phone number, which is logged"),
        "patients.merge": _("Merge two files of one person and take it back"),
        "patients.restrict": _("Restrict files and lift restrictions"),
        "patients.ask_export": _("Ask for an export of a file"),
        "patients.release_export": _("Release an export that somebody else asked for, and fetch it"),
        "patients.see_readers": _("See who opens how many files"),
    },
    role_grants={
        **dict.fromkeys(SEE_FILES, ("patients.view",)),
        **dict.fromkeys(SEE_PHONES, ("patients.view", "patients.reveal_phone")),
        **dict.fromkeys(KEEP_FILES, KEEP),
        "front_desk": (*KEEP, *ASKS),
        "clinic_director": (*KEEP, *ASKS, "patients.merge", "patients.restrict", "patients.see_readers"),
        # Exports and merges are released by roles that sign in with a second factor.
        "supervisor": (*KEEP, *RULES),
        "dean": (*KEEP, *RULES, "patients.restrict"),
    },
    parameters=(
        Param(
            key="break_glass_minutes",
            kind="minutes",
            default=60,
            minimum=5,
            maximum=24 * 60,
            unit="min",
            tightens="lower",
            label=_("How long a restricted file stays open after an exception"),
            ledger=("CR-006",),
        ),
        Param(
            key="view_alarm_per_hour",
            kind="int",
            default=60,
            minimum=5,
            maximum=1000,
            tightens="lower",
            label=_("Different files that one person may open in an hour before the directors hear of it"),
            ledger=("CR-006",),
        ),
        Param(
            key="export_days",
            kind="days",
            default=7,
            minimum=1,
            maximum=30,
            unit="days",
            tightens="lower",
            label=_("How long the files of an export can be fetched"),
            ledger=("CR-006",),
        ),
        Param(
            key="merge_undo_days",
            kind="days",
            default=30,
            minimum=1,
            maximum=365,
            unit="days",
            label=_("How long a merge of two files can be taken back"),
            ledger=("CR-001",),
        ),
        Param(
            key="profile_refresh_days",
            kind="days",
            default=365,
            minimum=30,
            maximum=3650,
            unit="days",
            tightens="lower",
            label=_("After how long contact data are asked for again"),
            ledger=("CR-004",),
        ),
    ),
    gates=(
        Gate(
            key=GATE,
            label=_("Restricted file"),
            gate_class="law",
            overridable_by=BREAKERS,
            ledger=("CR-006",),
        ),
    ),
    machines=("services.patients.machines.EXPORT",),
    nav=(
        NavItem(
            key="patients",
            label=pgettext_lazy("nav", "Patients"),
            url_name="patients:list",
            permission="patients.view",
            icon="patient",
            order=200,
            daily_for=("front_desk", "doctor", "specialist", "chief_physician", "cashier", "consultant", "phone_agent"),
        ),
    ),
    search=("services.patients.search.find_patients",),
    slots={
        "importing.sheets": ("services.patients.sheets.PATIENTS", "services.patients.sheets.FAMILIES"),
        "patient.timeline": ("services.patients.web.slots.own_timeline",),
        "patient.next": ("services.patients.web.slots.profile_due",),
        "patient.warnings": ("services.patients.web.slots.opened_by_exception",),
        "patient.tabs": ("services.patients.web.families.family_tab", "services.patients.web.slots.keeping_tab"),
    },
    seeds=("services.patients.starter.load",),
)
