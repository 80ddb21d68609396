"""What the billing API takes and gives. Money is integer fen, minus where something is given back."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import FenField, MomentField, OutSerializer, StrictSerializer
from tenants.billing import catalogue
from tenants.billing.plan_changes import MOST_OF_ONE


class SignedFen(FenField):
    """An amount that may be negative."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(min_value=-(10**12), **kwargs)


class StepOut(OutSerializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    text = serializers.CharField()
    at = MomentField(allow_null=True)
    day = serializers.IntegerField(allow_null=True, help_text="Days after a missed payment, where none was missed")
    now = serializers.BooleanField()


class MeterOut(OutSerializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    tenant = serializers.CharField(help_text="Name of the business; empty for what the account shares")
    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)
    unit_fen = FenField(allow_null=True)
    consumed = serializers.BooleanField(help_text="Paid by use: nothing stops at the limit")


class SubscriptionOut(OutSerializer):
    account = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["trial", "active", "past_due", "read_only", "suspended", "cancelled"])
    plan = serializers.CharField(allow_null=True)
    interval = serializers.CharField(allow_null=True)
    collection = serializers.CharField()
    period_start = MomentField(allow_null=True)
    period_end = MomentField(allow_null=True)
    cancel_at = MomentField(allow_null=True)
    trial_ends_at = MomentField(allow_null=True)
    past_due_since = MomentField(allow_null=True)
    debt_fen = FenField()
    managed_here = serializers.BooleanField()
    stripe_customer = serializers.CharField(allow_null=True)
    stripe_subscription = serializers.CharField(allow_null=True)
    meters = MeterOut(many=True)
    ladder = StepOut(many=True)


class InvoiceOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    total_fen = SignedFen()
    paid_fen = FenField()
    remaining_fen = FenField()
    issued_at = MomentField()
    due_at = MomentField(allow_null=True)
    paid_at = MomentField(allow_null=True)
    attempts = serializers.IntegerField()
    failure = serializers.CharField()
    hosted_url = serializers.CharField()
    pdf_url = serializers.CharField()


class LineOut(OutSerializer):
    what = serializers.CharField()
    how = serializers.CharField()
    amount_fen = SignedFen()
    estimate = serializers.BooleanField()


class ExplainedOut(InvoiceOut):
    lines = LineOut(many=True)


class DifferenceOut(OutSerializer):
    what = serializers.CharField()
    amount_fen = SignedFen()


class NextOut(OutSerializer):
    issued_at = MomentField(allow_null=True)
    fixed = LineOut(many=True)
    estimates = LineOut(many=True)
    fixed_fen = SignedFen()
    estimated_fen = FenField()
    total_fen = SignedFen()
    before_fen = SignedFen(allow_null=True)
    differences = DifferenceOut(many=True, help_text="They add up to the difference from the invoice before")


class PartIn(StrictSerializer):
    tenant = serializers.SlugField(max_length=30)
    key = serializers.RegexField(r"^(site|seat:[a-z_]+|vertical:[a-z_]+)$", max_length=60)
    quantity = serializers.IntegerField(min_value=0, max_value=MOST_OF_ONE)


class OrderIn(StrictSerializer):
    plan = serializers.ChoiceField(choices=list(catalogue.PLANS))
    interval = serializers.ChoiceField(choices=list(catalogue.INTERVALS))
    parts = PartIn(many=True, allow_empty=False, max_length=500)  # type: ignore[call-arg]  # of the list


class LaterOut(OutSerializer):
    what = serializers.CharField()
    tenant = serializers.CharField()
    quantity = serializers.IntegerField()
    at = MomentField(allow_null=True)
    monthly_fen = SignedFen()


class QuoteOut(OutSerializer):
    now_lines = LineOut(many=True)
    now_fen = SignedFen()
    recurring_before_fen = FenField()
    recurring_after_fen = FenField()
    next_before_fen = SignedFen()
    next_after_fen = SignedFen()
    later = LaterOut(many=True)
    refused = serializers.CharField(allow_null=True, help_text="Code of the refusal that stands against the change")
