"""What an agency pays by: companions who may be dispatched."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from escort.models import Companion
from kernel.usage import Meter

COMPANIONS = Meter(
    key="companions",
    label=_("companion"),
    kind="seat",
    unit=_("companion"),
    count="escort.meters.count_companions",
)


def count_companions() -> int:
    """Companions who are active now."""
    return Companion.objects.filter(state=Companion.State.ACTIVE).count()
