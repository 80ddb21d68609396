"""Quarters and years of every site, filled from the months that are known."""

from django.db import migrations, models

# Of a state (arrears) the last month counts, of everything else the sum. The first day of a quarter's last month is two
# months after its own first day, that of a year's eleven.
FILL = """
INSERT INTO headquarters_sitespan (site_id, length, last, key, version, numerator, denominator, n, days, spark)
SELECT site_id, span.length, span.last, key, version,
       CASE WHEN key = 'arrears' THEN (array_agg(numerator ORDER BY month DESC))[1] ELSE sum(numerator) END,
       CASE WHEN key = 'arrears' THEN (array_agg(denominator ORDER BY month DESC))[1] ELSE sum(denominator) END,
       CASE WHEN key = 'arrears' THEN (array_agg(n ORDER BY month DESC))[1] ELSE sum(n) END,
       CASE WHEN key = 'arrears' THEN (array_agg(days ORDER BY month DESC))[1] ELSE sum(days) END,
       (array_agg(spark ORDER BY month DESC))[1]
FROM headquarters_sitemonth
CROSS JOIN LATERAL (VALUES
    ('quarter', (date_trunc('quarter', month) + interval '2 months')::date),
    ('year', (date_trunc('year', month) + interval '11 months')::date)
) AS span(length, last)
GROUP BY site_id, span.length, span.last, key, version
"""


class Migration(migrations.Migration):
    dependencies = [("headquarters", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="SiteSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=60)),
                ("version", models.PositiveSmallIntegerField()),
                ("numerator", models.BigIntegerField()),
                ("denominator", models.BigIntegerField(null=True)),
                ("n", models.PositiveIntegerField()),
                ("days", models.PositiveSmallIntegerField()),
                ("spark", models.CharField(blank=True, max_length=240)),
                ("length", models.CharField(choices=[("quarter", "Quarter"), ("year", "Year")], max_length=7)),
                ("last", models.DateField()),
                (
                    "site",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="spans", to="headquarters.branchsite"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["last", "length", "key", "version"], name="headquarters_span_row")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "key", "version", "length", "last"), name="headquarters_span_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
