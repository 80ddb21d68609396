"""What confidentiality contributes: documents of the house, agreements, devices, and the reminders about them."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, NavItem, Param, Room

READERS = (
    "front_desk", "lobby_receptionist", "guide", "waiting_attendant", "customer_service", "phone_agent",
    "follow_up_caller", "consultant", "cashier", "reconciler", "finance", "doctor", "specialist", "chief_physician",
    "doctor_supervisor", "nurse", "assistant", "head_nurse", "team_leader", "department_head", "duty_superior",
    "investigator", "quality",
)  # fmt: skip
KEEPS = ("confidentiality.read", "confidentiality.keep")

ROOM = Room(
    key="confidentiality",
    label=pgettext_lazy("room", "Confidentiality"),
    urls="services.confidentiality.web.urls",
    api_urls="services.confidentiality.api.urls",
    nav=(
        NavItem(
            key="confidentiality",
            label=pgettext_lazy("nav", "Papers"),
            url_name="confidentiality:documents",
            permission="confidentiality.read",
            icon="lock",
            order=820,
        ),
    ),
    permissions={
        "confidentiality.read": _("Read company documents that are meant for one's role, which is logged"),
        "confidentiality.keep": _("Keep confidentiality agreements, devices and education"),
        "confidentiality.manage": _("Publish company documents and the words of the agreement"),
    },
    role_grants={
        **dict.fromkeys(READERS, ("confidentiality.read",)),
        **dict.fromkeys(("supervisor", "higher_supervisor", "service_supervisor"), KEEPS),
        **dict.fromkeys(("clinic_director", "dean"), (*KEEPS, "confidentiality.manage")),
    },
    parameters=(
        Param(
            key="confidentiality_agreement_months",
            kind="int",
            default=12,
            minimum=1,
            maximum=60,
            tightens="lower",
            label=_("Months for which a confidentiality agreement counts"),
            ledger=("CR-017",),
        ),
        Param(
            key="confidentiality_warning_days",
            kind="days",
            default=30,
            minimum=1,
            maximum=180,
            unit="days",
            tightens="higher",
            label=_("Days before the end of an agreement on which its renewal is asked for"),
            ledger=("CR-017",),
        ),
        Param(
            key="device_check_days",
            kind="days",
            default=90,
            minimum=1,
            maximum=730,
            unit="days",
            tightens="lower",
            label=_("Days between two checks of a device that holds data"),
            ledger=("CR-018",),
        ),
        Param(
            key="confidentiality_education_days",
            kind="days",
            default=365,
            minimum=30,
            maximum=1095,
            unit="days",
            tightens="lower",
            label=_("Days after which confidentiality education is repeated"),
            ledger=("CR-019",),
        ),
    ),
    daily={"confidentiality.remind": Daily(at="06:10", handler="services.confidentiality.handlers.remind")},
    seeds=("services.confidentiality.starter.load",),
)
