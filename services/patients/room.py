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

and ``patient.states`` ``(patients) -> {pk: (state key, words)}`` for lists and search: where each is at this moment.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Room

SEE_FILES = ("nurse", "assistant", "cashier", "waiting_attendant", "reconciler", "investigator", "lobby_receptionist")
SEE_PHONES = ("doctor", "specialist", "chief_physician", "doctor_supervisor", "head_nurse", "duty_superior")
KEEP_FILES = (
    "front_desk", "guide", "phone_agent", "follow_up_caller", "customer_service", "consultant", "supervisor",
    "higher_supervisor", "service_supervisor", "clinic_director", "dean", "team_leader", "department_head",
)  # fmt: skip

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
    },
    role_grants={
        **dict.fromkeys(SEE_FILES, ("patients.view",)),
        **dict.fromkeys(SEE_PHONES, ("patients.view", "patients.reveal_phone")),
        **dict.fromkeys(KEEP_FILES, ("patients.view", "patients.reveal_phone", "patients.register", "patients.edit")),
    },
    nav=(
        NavItem(
            key="patients",
            label=pgettext_lazy("nav", "Patients"),
            url_name="patients:list",
            permission="patients.view",
            icon="patient",
            order=200,
        ),
    ),
    search=("services.patients.search.find_patients",),
    slots={"patient.timeline": ("services.patients.web.slots.own_timeline",)},
    seeds=("services.patients.starter.load",),
)
