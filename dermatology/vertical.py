"""Dermatology: what this vertical contributes."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel.registry import FollowUpRule, NavItem, Vertical

CALLERS = ("nurse", "follow_up_caller", "doctor")


def _rule(letter: str, days: int, label: str | Promise) -> FollowUpRule:
    return FollowUpRule(
        key=f"dermatology-class-{letter.lower()}", label=label, trigger=f"dermatology.class.{letter}", offsets=(f"D{days}",),
        assignee_roles=CALLERS, ledger=("DM-020",),
    )  # fmt: skip


VERTICAL = Vertical(
    key="dermatology",
    label=_("Dermatology"),
    short=_("Dermatology"),
    colour="derm",
    visit_word=_("consultation"),
    urls="dermatology.web.urls",
    api_urls="dermatology.api.urls",
    nav=(
        NavItem(
            key="dermatology",
            label=_("Follow-up classes"),
            url_name="dermatology:plans",
            permission="dermatology.view",
            icon="skin",
            order=45,
            daily_for=("doctor", "nurse"),
        ),
    ),
    permissions={
        "dermatology.view": _("see classified follow-up plans"),
        "dermatology.classify": _("classify illnesses and end plans"),
        "dermatology.follow_up": _("record follow-up visits of a plan"),
        "dermatology.watch": _("report that a waiting guest is suddenly worse, and what was done"),
    },
    always_open=("dermatology.classify", "dermatology.follow_up", "dermatology.watch"),
    role_grants={
        **dict.fromkeys(
            ("doctor", "specialist", "chief_physician", "doctor_supervisor"),
            ("dermatology.view", "dermatology.classify", "dermatology.follow_up", "dermatology.watch"),
        ),
        **dict.fromkeys(("nurse", "head_nurse"), ("dermatology.view", "dermatology.follow_up", "dermatology.watch")),
        "follow_up_caller": ("dermatology.view", "dermatology.follow_up"),
        **dict.fromkeys(("supervisor",), ("dermatology.view", "dermatology.watch")),
        **dict.fromkeys(("dean", "quality"), ("dermatology.view",)),
        **dict.fromkeys(("guide", "front_desk", "waiting_attendant", "lobby_receptionist"), ("dermatology.watch",)),
    },
    followups=(
        _rule("A", 3, _("Classified follow-up, acute")),
        _rule("B", 7, _("Classified follow-up, active")),
        _rule("C", 30, _("Classified follow-up, chronic")),
        _rule("D", 90, _("Classified follow-up, stable")),
    ),
    handlers={
        "followup.closed": ("dermatology.handlers.call_ended",),
        "followup.cancelled": ("dermatology.handlers.call_cancelled",),
    },
    machines=("dermatology.machines.CHANGE",),
    slots={
        "complaints.ways": ("dermatology.complaining.WAYS",),
        "visit.actions": ("dermatology.slots.visit_actions",),
        "patient.tabs": ("dermatology.slots.patient_tab",),
        "consultation.departments": ("dermatology.consulting.DEPARTMENTS",),
        "guest_care.introduction": ("dermatology.slots.INTRODUCTION",),
    },
    seeds=("dermatology.seeds.load", "dermatology.consulting.load"),
)
