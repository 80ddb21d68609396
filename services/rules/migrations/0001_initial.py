"""Publications of headquarters."""

from django.db import migrations, models

import kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ChainPublication",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ("title", models.CharField(max_length=120)),
                ("rules", models.JSONField()),
                ("effective_from", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("adopted_at", models.DateTimeField(null=True)),
                ("adopted_by", models.UUIDField(null=True)),
                ("adopted_by_name", models.CharField(blank=True, max_length=80)),
                ("left_out", models.JSONField(default=list)),
            ],
            options={"ordering": ["-published_at", "-id"]},
        ),
    ]
