"""What the operators' API takes and gives."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from tenants.models import ProvisioningJob, SignUpRequest, Tenant
from tenants.operators import selectors


class AdministratorIn(StrictSerializer):
    name = LineField(max_length=80)
    mail = serializers.EmailField(max_length=200)


class TenantIn(StrictSerializer):
    slug = LineField(max_length=30)
    name = LineField(max_length=80)
    kind = LineField(max_length=20)
    chain = LineField(max_length=80, help_text="An existing chain, or the name of a new one")
    verticals = serializers.ListField(child=LineField(max_length=30), max_length=20, required=False, default=list)
    time_zone = LineField(max_length=40, required=False, default="Asia/Shanghai")
    language = serializers.ChoiceField(choices=["zh-hans", "zh-hant", "en"], required=False, default="zh-hans")
    profile = serializers.ChoiceField(choices=["default", "literal"], required=False, default="default")
    administrator = AdministratorIn(required=False, allow_null=True, default=None)


class SwitchIn(StrictSerializer):
    active = serializers.BooleanField()


class SuspensionIn(StrictSerializer):
    suspended = serializers.BooleanField()


class DomainIn(StrictSerializer):
    host = LineField(max_length=253)


class DecisionIn(StrictSerializer):
    approve = serializers.BooleanField()
    chain = LineField(max_length=80, required=False, allow_blank=True, default="")


class DomainOut(OutSerializer):
    host = serializers.CharField(source="domain")
    primary = serializers.BooleanField(source="is_primary")


class VitalsOut(OutSerializer):
    schema_bytes = serializers.IntegerField()
    people = serializers.IntegerField()
    last_activity_at = MomentField(allow_null=True)
    dead_events = serializers.IntegerField()
    dead_timers = serializers.IntegerField()
    measured_at = MomentField()


class TenantOut(OutSerializer):
    code = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    chain = serializers.CharField(source="chain.name")
    state = serializers.ChoiceField(choices=Tenant.State.values)
    billing_state = serializers.CharField()
    time_zone = serializers.CharField()
    language = serializers.CharField()
    profile = serializers.CharField()
    verticals = serializers.SerializerMethodField()
    domains = DomainOut(many=True)
    vitals = VitalsOut(allow_null=True, default=None)  # measured by housekeeping; none yet for a new tenant
    created_at = MomentField()

    def get_verticals(self, row: Tenant) -> list[str]:
        return sorted(switch.vertical for switch in row.activations.all() if switch.active)


class ConcernOut(OutSerializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    tone = serializers.CharField()


class ConcernedOut(OutSerializer):
    slug = serializers.CharField(source="tenant.slug")
    name = serializers.CharField(source="tenant.name")
    concerns = ConcernOut(many=True)


class StepOut(OutSerializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    done = serializers.BooleanField()
    now = serializers.BooleanField()
    failed = serializers.BooleanField()
    milliseconds = serializers.IntegerField(allow_null=True)


class JobOut(OutSerializer):
    code = serializers.UUIDField()
    tenant = serializers.CharField(source="tenant.slug")
    state = serializers.ChoiceField(choices=ProvisioningJob.State.values)
    steps = serializers.SerializerMethodField()
    error = serializers.CharField()
    requested_by = serializers.CharField()
    created_at = MomentField()
    changed_at = MomentField()

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, row: ProvisioningJob) -> list[dict[str, object]]:
        return list(StepOut(selectors.steps_of(row), many=True).data)


class SignUpOut(OutSerializer):
    code = serializers.UUIDField()
    company = serializers.CharField()
    slug = serializers.CharField()
    kind = serializers.CharField()
    verticals = serializers.ListField(child=serializers.CharField())
    contact_name = serializers.CharField()
    contact_mail = serializers.CharField()
    state = serializers.ChoiceField(choices=SignUpRequest.State.values)
    decided_by = serializers.CharField()
    decided_at = MomentField(allow_null=True)
    job = serializers.SerializerMethodField()
    created_at = MomentField()

    def get_job(self, row: SignUpRequest) -> str | None:
        return str(row.job.code) if row.job else None


class DeadLettersOut(OutSerializer):
    kind = serializers.ChoiceField(choices=["event", "timer"])
    type = serializers.CharField()
    count = serializers.IntegerField()
    error = serializers.CharField()
    latest = MomentField()


class DeadLetterListOut(OutSerializer):
    results = DeadLettersOut(many=True)


class RequeuedOut(OutSerializer):
    requeued = serializers.IntegerField()


class PartOut(OutSerializer):
    name = serializers.CharField()
    age = serializers.FloatField(allow_null=True)
    silent = serializers.BooleanField()


class HealthOut(OutSerializer):
    parts = PartOut(many=True)
    backlog = serializers.FloatField(allow_null=True, help_text="Seconds that the longest-waiting due entry has waited")
    schemas = serializers.IntegerField()
    behind = serializers.IntegerField()
    schema_bytes = serializers.IntegerField(help_text="All tenants, as last measured")
    public_bytes = serializers.IntegerField()
    dead_letters = serializers.IntegerField()
    server_version = serializers.CharField()
    connections = serializers.IntegerField()
    concerned = ConcernedOut(many=True)
