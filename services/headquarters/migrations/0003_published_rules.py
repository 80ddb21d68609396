"""Rules that headquarters publishes, and what the houses answered."""

from django.db import migrations, models

import kernel.ids


class Migration(migrations.Migration):
    dependencies = [("headquarters", "0002_quarters_and_years")]

    operations = [
        migrations.CreateModel(
            name="RulePublication",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ("title", models.CharField(max_length=120)),
                ("rules", models.JSONField()),
                ("effective_from", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("published_by", models.UUIDField(null=True)),
                ("published_by_name", models.CharField(blank=True, max_length=80)),
            ],
            options={"ordering": ["-published_at", "-id"]},
        ),
        migrations.CreateModel(
            name="HouseAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("house", models.UUIDField()),
                ("name", models.CharField(max_length=80)),
                ("received_at", models.DateTimeField(null=True)),
                ("adopted_at", models.DateTimeField(null=True)),
                ("left_out", models.JSONField(default=list)),
                (
                    "publication",
                    models.ForeignKey(
                        on_delete=models.CASCADE,
                        related_name="answers",
                        to="headquarters.rulepublication",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("publication", "house"), name="headquarters_answer_once")
                ],
            },
        ),
    ]
