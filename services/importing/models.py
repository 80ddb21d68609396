"""Files that were brought along, and each of their rows: what it says, what is wrong with it, what it became."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.importing.machines import BATCH
from services.sites.models import Site


class ImportBatch(VersionedModel):
    """One uploaded workbook for one site; the file itself is not kept. ``ignored`` are headings that nothing was read from.

    ``forgotten_at`` is when the contents of its rows were deleted.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=BATCH.choices, default=BATCH.initial)
    total = models.PositiveIntegerField()
    ignored = models.JSONField(default=list, blank=True)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    uploaded_by_name = models.CharField(max_length=80)
    started_at = models.DateTimeField(null=True, blank=True)
    started_by_name = models.CharField(max_length=80, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        constraints = [BATCH.constraint("importing_batch_state")]
        indexes = [models.Index(fields=["site", "-uploaded_at"], name="importing_batch_site")]


class ImportedRow(CodeModel):
    """One row of a sheet. ``fingerprint`` is the blind mark of what makes it the same row in another file; it stays when
    the contents are forgotten, so that a later import of the same row still adds nothing."""

    class State(models.TextChoices):
        STAGED = "staged", pgettext_lazy("import row", "not checked yet")
        READY = "ready", pgettext_lazy("import row", "ready")
        DOUBLE = "double", pgettext_lazy("import row", "likely double")
        FAULTY = "faulty", pgettext_lazy("import row", "faulty")
        KNOWN = "known", pgettext_lazy("import row", "imported before")
        IMPORTED = "imported", pgettext_lazy("import row", "imported")
        ATTACHED = "attached", pgettext_lazy("import row", "joined with an existing one")
        SKIPPED = "skipped", pgettext_lazy("import row", "left out")
        REFUSED = "refused", pgettext_lazy("import row", "refused")
        UNDONE = "undone", pgettext_lazy("import row", "taken back")
        STAYS = "stays", pgettext_lazy("import row", "stays, worked with since")

    class Decision(models.TextChoices):
        SKIP = "skip", pgettext_lazy("double", "leave out")
        ATTACH = "attach", pgettext_lazy("double", "it is this one")
        CREATE = "create", pgettext_lazy("double", "another one: import it")

    # Rows that stand for something in the system.
    LIVE = ("imported", "attached", "stays")

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=40)
    order = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    data = EncryptedTextField(blank=True, default="")
    # Columns whose cell cannot be taken at its word, and why ("" for the whole row).
    marks = models.JSONField(default=dict, blank=True)
    fingerprint = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STAGED)
    faults = EncryptedTextField(blank=True, default="")
    candidates = models.JSONField(default=list, blank=True)
    decision = models.CharField(max_length=6, choices=Decision.choices, blank=True)
    chosen = models.UUIDField(null=True, blank=True)
    target = models.UUIDField(null=True, blank=True)
    also = ArrayField(models.UUIDField(), default=list, blank=True)

    class Meta:
        ordering = ["order", "kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "kind", "number"], name="importing_row_once"),
            models.UniqueConstraint(
                fields=["kind", "fingerprint"],
                condition=Q(state__in=("imported", "attached", "stays")),
                name="importing_written_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "staged", "ready", "double", "faulty", "known", "imported", "attached", "skipped", "refused",
                        "undone", "stays",
                    )
                ),
                name="importing_row_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("imported", "attached", "stays")) | Q(target__isnull=False),
                name="importing_row_target",
            ),
            models.CheckConstraint(
                condition=~Q(decision="attach") | Q(chosen__isnull=False), name="importing_attach_to_one"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["batch", "state", "order"], name="importing_row_work"),
            models.Index(fields=["kind", "fingerprint"], name="importing_row_print"),
            models.Index(fields=["target"], name="importing_row_became"),
        ]
