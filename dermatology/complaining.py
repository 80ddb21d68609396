"""What patients of skin clinics complain about besides what all do (CP-007)."""

from django.utils.translation import pgettext_lazy

from services.complaints.ways import Category, Ways

WAYS = Ways(
    vertical="dermatology",
    categories=(
        Category("no_effect", pgettext_lazy("complaint", "no effect of the treatment"), "quality"),
        Category("medicine_price", pgettext_lazy("complaint", "price of medicine or tests"), "price"),
    ),
)
