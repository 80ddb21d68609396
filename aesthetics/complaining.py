"""Complaints about aesthetic procedures: a team investigates, the answer comes within its own time (CP-003, CP-012)."""

from django.utils.translation import pgettext_lazy

from services.complaints.ways import Category, Ways

WAYS = Ways(
    vertical="aesthetics",
    categories=(
        Category("complication", pgettext_lazy("complaint", "complication"), "quality"),
        Category("aesthetic_result", pgettext_lazy("complaint", "result not as expected"), "quality"),
    ),
    requires_team=True,
    reply_hours=48,
    roles=("investigator",),
)
