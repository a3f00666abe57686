"""An index of spending by day, which the overview of the admin reads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricing", "0009_enter_histories")]

    operations = [
        migrations.AddIndex(
            model_name="spending",
            index=models.Index(fields=["day"], name="pricing_spending_day"),
        ),
    ]
