"""The history of every parameter. Rows are added and never changed, so December keeps December's value."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.ids import CodeModel
from kernel.parameters.scopes import LEVELS, Scope


class ScopeKind(models.TextChoices):
    CHAIN = "chain", _("Chain")
    TENANT = "tenant", _("Tenant")
    SITE = "site", _("Site")
    VERTICAL = "vertical", _("Line of business")


class ParameterValue(CodeModel):
    """What a parameter is for a scope from ``effective_from`` (UTC) on, until the next row of the same scope.

    ``inherits``: the scope has no value of its own any more. ``locked``: narrower scopes may tighten this value and not
    loosen it.
    """

    APPEND_ONLY = True

    key = models.CharField(max_length=80)
    scope_kind = models.CharField(max_length=8, choices=ScopeKind.choices)
    scope_code = models.CharField(max_length=40, blank=True)
    value = models.JSONField(null=True)
    inherits = models.BooleanField(default=False)
    effective_from = models.DateTimeField()
    locked = models.BooleanField(default=False)
    set_by = models.UUIDField(null=True)
    set_by_name = models.CharField(max_length=80, blank=True)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(scope_kind__in=LEVELS), name="parameter_scope_known"),
            models.CheckConstraint(
                condition=models.Q(inherits=True, value__isnull=True, locked=False)
                | models.Q(inherits=False, value__isnull=False),
                name="parameter_value_or_inherits",
            ),
        ]
        indexes = [models.Index(fields=["key", "scope_kind", "scope_code", "effective_from"], name="parameter_history")]

    @property
    def scope(self) -> Scope:
        """For whom the value is meant."""
        return Scope(self.scope_kind, self.scope_code)
