import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
        ('pricing', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='priceline',
            name='run',
            field=models.ForeignKey(blank=True, editable=False, help_text='The import that stated the line. Empty if it is the import of the sheet.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun'),
        ),
    ]
