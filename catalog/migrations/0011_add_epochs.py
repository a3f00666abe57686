from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_restore_full_documents_backwards")]

    operations = [
        migrations.AddField("revision", "epoch", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("change", "epoch", models.PositiveBigIntegerField(default=0)),
    ]
