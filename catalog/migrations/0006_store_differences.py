"""Adds the columns and the table that hold each document, report and list of names compressed and once."""

import django.db.models.deletion
from django.db import migrations, models

import catalog.db.fields


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_count_changes_by_part'),
    ]

    operations = [
        migrations.AddField(
            model_name='snapshot',
            name='base',
            field=models.ForeignKey(editable=False, help_text='The row whose bytes these are compared with. Empty if the bytes are stored in full.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='differences', to='catalog.snapshot'),
        ),
        migrations.AlterField(
            model_name='snapshot',
            name='packed',
            field=models.BinaryField(help_text='The bytes, compressed with gzip, or their difference from those of the base. Empty if pruned.', null=True),
        ),
        migrations.AlterField(
            model_name='snapshot',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='catalog.source'),
        ),
        migrations.CreateModel(
            name='NameList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveBigIntegerField(help_text='Size in bytes.')),
                ('packed', models.BinaryField(help_text='The bytes, compressed with gzip, or their difference from those of the base. Empty if pruned.', null=True)),
                ('base', models.ForeignKey(editable=False, help_text='The row whose bytes these are compared with. Empty if the bytes are stored in full.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='differences', to='catalog.namelist')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='catalog.source')),
            ],
            options={
                'verbose_name': 'name list',
                'constraints': [models.UniqueConstraint(fields=('source', 'sha256'), name='catalog_namelist_once_a_source')],
            },
        ),
        migrations.AddField(
            model_name='importrun',
            name='names',
            field=models.ForeignKey(editable=False, help_text='All ids of the document. Empty if they were not recorded.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='catalog.namelist'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='packed_report',
            field=catalog.db.fields.PackedJSONField(default=dict, help_text='The findings and the changes.'),
        ),
    ]
