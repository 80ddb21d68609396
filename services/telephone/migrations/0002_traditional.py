"""Scripts also say their words in Traditional Chinese."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("telephone", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="script",
            name="title_hant",
            field=models.CharField(blank=True, max_length=60, verbose_name="name (Traditional Chinese)"),
        ),
        migrations.AddField(
            model_name="scriptversion",
            name="text_hant",
            field=models.TextField(blank=True, verbose_name="text (Traditional Chinese)"),
        ),
    ]
