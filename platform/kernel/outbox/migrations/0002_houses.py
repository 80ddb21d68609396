"""Events may also go to the houses that share a doctor's busy calendar."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="outboxevent", name="outbox_destination_known"),
        migrations.AlterField(
            model_name="outboxevent",
            name="to",
            field=models.CharField(
                choices=[
                    ("self", "This tenant"),
                    ("headquarters", "Headquarters"),
                    ("houses", "Houses that share a doctor"),
                ],
                default="self",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("to__in", ["self", "headquarters", "houses"])), name="outbox_destination_known"
            ),
        ),
    ]
