"""Is this event from Stripe, and is it fresh? Judged on the bytes as they came."""

from __future__ import annotations

import json
import time
from typing import Any

import stripe
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.errors import Malformed

TOLERANCE_SECONDS = 300


def verified(body: bytes, header: str) -> dict[str, Any]:
    """The event in ``body``. Raises Malformed (``bad_signature``, ``stale_signature``, ``not_an_event``).

    The signature covers the raw bytes, so nothing is parsed before it holds. Stripe's own check tolerates a timestamp
    from the future; here 300 seconds count in both directions.
    """
    try:
        stripe.WebhookSignature.verify_header(body, header, settings.STRIPE_WEBHOOK_SECRET, tolerance=None)
        signed_at, _signatures = stripe.WebhookSignature._get_timestamp_and_signatures(header, "v1")
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise Malformed("bad_signature", _("This is not from Stripe.")) from error
    if not any(abs(moment - signed_at) <= TOLERANCE_SECONDS for moment in _present()):
        raise Malformed("stale_signature", _("This is too old or from the future."))
    try:
        event = json.loads(body)
    except ValueError as error:
        raise Malformed("not_an_event", _("This is no event.")) from error
    if not _is_event(event):
        raise Malformed("not_an_event", _("This is no event."))
    return event


def _present() -> tuple[float, ...]:
    """Who signs reads real time, whatever this deployment's clock shows. Where that may be moved (demo, tests), a
    sender that lives in the moved time is right as well.
    """
    return (time.time(), clock.now().timestamp()) if clock.is_movable() else (time.time(),)


def _is_event(event: Any) -> bool:
    if not isinstance(event, dict) or event.get("object") != "event":
        return False
    data = event.get("data")
    return (
        isinstance(event.get("id"), str)
        and 0 < len(event["id"]) <= 80
        and isinstance(event.get("type"), str)
        and len(event["type"]) <= 80
        and isinstance(event.get("created"), int)
        and 0 <= event["created"] < 2**40
        and isinstance(data, dict)
        and isinstance(data.get("object"), dict)
    )
