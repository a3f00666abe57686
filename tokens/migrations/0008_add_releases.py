"""A group can get a model at another time than others."""

import catalog.db.import_context
import catalog.request_id
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def refuse_releases_ahead(apps, schema_editor):
    """The earlier version knows no releases: the groups would get these models at once."""
    releases = apps.get_model("tokens", "ModelRelease").objects.filter(starts_at__gt=timezone.now())
    names = list(releases.order_by("model__name").values_list("model__name", flat=True).distinct())
    if names:
        raise RuntimeError(
            "These models have not started for a group, and the earlier version would show them to it: "
            f"{', '.join(names[:20])}{' …' if len(names) > 20 else ''}. Delete their releases first."
        )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0012_add_listed_and_starts'),
        ('tokens', '0007_compare_prices_and_limits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalModelRelease',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('starts_at', models.DateTimeField(blank=True, help_text="Before this time, the model does not exist for the group, whatever the model's own start is. Leave empty to start at once.", null=True)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('group', models.ForeignKey(blank=True, db_constraint=False, help_text='The group that gets the model at another time than others.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.tokengroup')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, help_text='The model that the group gets.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical release',
                'verbose_name_plural': 'historical releases',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ModelRelease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(blank=True, help_text="Before this time, the model does not exist for the group, whatever the model's own start is. Leave empty to start at once.", null=True)),
                ('group', models.ForeignKey(help_text='The group that gets the model at another time than others.', on_delete=django.db.models.deletion.CASCADE, related_name='releases', to='tokens.tokengroup')),
                ('model', models.ForeignKey(help_text='The model that the group gets.', on_delete=django.db.models.deletion.CASCADE, related_name='releases', to='catalog.aimodel')),
            ],
            options={
                'verbose_name': 'release',
                'constraints': [models.UniqueConstraint(fields=('model', 'group'), name='tokens_release_once_a_group')],
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_releases_ahead, elidable=True),
    ]
