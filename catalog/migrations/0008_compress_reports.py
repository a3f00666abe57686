from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0007_move_reports'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='importrun',
            name='report',
        ),
        migrations.RenameField(
            model_name='importrun',
            old_name='packed_report',
            new_name='report',
        ),
    ]
