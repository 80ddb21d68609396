"""What the platform itself counts for every tenant: text messages and stored files."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from kernel.files.models import StoredFile
from kernel.messaging.models import Message
from kernel.usage import Meter

GIGABYTE = 1024**3

SMS = Meter(
    key="sms",
    label=_("Text messages"),
    kind="flow",
    unit=_("message"),
    count="tenants.billing.meters.count_messages",
    unit_fen=5,
    included=5_000,
)
STORAGE = Meter(
    key="storage",
    label=_("Storage"),
    kind="level",
    unit="GB",
    count="tenants.billing.meters.count_gigabytes",
    unit_fen=200,
    included=200,
)


def count_messages(start: datetime, end: datetime) -> int:
    """Text messages that left in [start, end)."""
    return Message.objects.filter(channel=Message.Channel.SMS, sent_at__gte=start, sent_at__lt=end).count()


def count_gigabytes() -> int:
    """What the tenant's files take up now, in begun gigabytes."""
    size = StoredFile.objects.aggregate(total=Sum("size"))["total"] or 0
    return -(-size // GIGABYTE)
