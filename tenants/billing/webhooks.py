"""``POST /billing/stripe/webhook/`` on the base domain: verify, store, acknowledge. The work is done afterwards."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from kernel.errors import DomainError
from kernel.web.views import public_page
from tenants.billing import inbox, signatures
from tenants.billing.tasks import work_on_event
from tenants.sending import send

LARGEST_BODY = 256 * 1024


@csrf_exempt
@public_page(reason="Stripe calls here; the signature over the raw body is the proof", methods=("POST",))
def receive(request: HttpRequest) -> HttpResponse:
    """Answer 2xx only for what is stored. 400: forged, stale or no event (nothing is stored). 413: too large."""
    # The length is judged before the body is read; a body without a length never gets here (WSGI reads none).
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return JsonResponse({"error": "too_large"}, status=413)
    try:
        event = signatures.verified(request.body, request.headers.get("Stripe-Signature", ""))
    except DomainError as refusal:
        return JsonResponse({"error": refusal.code}, status=refusal.status)
    if inbox.store(event, request.body.decode()):
        # Without the broker the tick finds the row; Stripe gets its 2xx either way.
        send(work_on_event, event["id"])
    return JsonResponse({"received": True})
