"""What clients of escorts complain about; the manager receives it, never the companion concerned (ES-045)."""

from django.utils.translation import pgettext_lazy

from services.complaints.ways import Category, Ways

WAYS = Ways(
    vertical="escort",
    categories=(
        Category("lateness", pgettext_lazy("complaint", "the companion came late"), "attitude"),
        Category("companion", pgettext_lazy("complaint", "conduct of the companion"), "attitude"),
        Category("advance", pgettext_lazy("complaint", "money laid out"), "price"),
    ),
    roles=("escort_manager",),
)
