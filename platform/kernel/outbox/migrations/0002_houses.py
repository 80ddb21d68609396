"""Events may also go to other houses of the chain."""

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
                    ("houses", "Houses of the chain"),
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
