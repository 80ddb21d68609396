"""What guests of dental clinics complain about besides what all do (CP-007)."""

from django.utils.translation import pgettext_lazy

from services.complaints.ways import Category, Ways

WAYS = Ways(
    vertical="dental",
    categories=(
        Category("redo", pgettext_lazy("complaint", "has to be done again"), "quality"),
        Category("pain", pgettext_lazy("complaint", "pain was ignored"), "quality"),
    ),
)
