import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("outage", "0001_initial"),
        ("identity", "0001_initial"),
        ("sites", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SheetDesk",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("registered_at", models.DateTimeField()),
                ("registered_by_name", models.CharField(max_length=80)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_by_name", models.CharField(blank=True, max_length=80)),
                (
                    "desk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.desk"
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sites.site"),
                ),
            ],
            options={
                "ordering": ["-registered_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("desk",),
                        name="outage_desk_keeps_one_sheet",
                    )
                ],
            },
        ),
    ]
