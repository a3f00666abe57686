import catalog.db.fields
import catalog.db.import_context
import catalog.request_id
import django.core.validators
import django.db.models.deletion
import simple_history.models
import tokens.rate_limits
import tokens.scope
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def record_creation(apps, row):
    """The first row of its history, so that the first change has something to be compared with."""
    record = apps.get_model(row._meta.app_label, f"Historical{row._meta.object_name}")
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    record.objects.create(
        **values, history_type="+", history_date=timezone.now(), history_change_reason="Made with the installation."
    )


def fill(apps, schema_editor):
    """The group that imports and new tokens use when none is named."""
    group = apps.get_model("tokens", "TokenGroup").objects.create(
        slug="default", label="Default", is_public=True, auto_position=1
    )
    record_creation(apps, group)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The user of the token, e.g. Acme production.', max_length=128)),
                ('key_id', models.CharField(editable=False, help_text='Safe to show and to log.', max_length=64, unique=True, verbose_name='key id')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('pepper', models.PositiveIntegerField(editable=False)),
                ('masked', models.CharField(editable=False, max_length=64, verbose_name='key')),
                ('enabled', models.BooleanField(default=True, help_text='If off, the key is refused from the next request on.')),
                ('uses_auto_groups', models.BooleanField(default=False, help_text='The token is also in every group of the automatic order.', verbose_name='automatic groups')),
                ('allow', catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see: ids or aliases, or vendor:, series:, tag:, endpoint:, modality: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, modality:image. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns])),
                ('deny', catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow.', validators=[tokens.scope.validate_patterns])),
                ('starts_at', models.DateTimeField(blank=True, help_text='The key is refused before this time. Leave empty for a key that is valid now.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='The key is refused from this time. Leave empty for a key that never expires.', null=True)),
                ('networks', catalog.db.fields.NamesField(blank=True, default=list, help_text='Networks it may be used from, e.g. 203.0.113.0/24, 2001:db8::/32. Leave empty to allow all.')),
                ('rate_limit', models.CharField(blank=True, help_text='Its rate limit, e.g. 60/minute. Leave empty to use the limit of its groups.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('is_over_budget', models.BooleanField(default=False, help_text='If on, it can still list models, which costs nothing, but may not call them.', verbose_name='budget used up')),
                ('note', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, help_text='To the minute.', null=True)),
            ],
            options={
                'verbose_name': 'token',
            },
        ),
        migrations.CreateModel(
            name='HistoricalToken',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('name', models.CharField(help_text='The user of the token, e.g. Acme production.', max_length=128)),
                ('key_id', models.CharField(db_index=True, editable=False, help_text='Safe to show and to log.', max_length=64, verbose_name='key id')),
                ('masked', models.CharField(editable=False, max_length=64, verbose_name='key')),
                ('enabled', models.BooleanField(default=True, help_text='If off, the key is refused from the next request on.')),
                ('uses_auto_groups', models.BooleanField(default=False, help_text='The token is also in every group of the automatic order.', verbose_name='automatic groups')),
                ('allow', catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see: ids or aliases, or vendor:, series:, tag:, endpoint:, modality: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, modality:image. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns])),
                ('deny', catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow.', validators=[tokens.scope.validate_patterns])),
                ('starts_at', models.DateTimeField(blank=True, help_text='The key is refused before this time. Leave empty for a key that is valid now.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='The key is refused from this time. Leave empty for a key that never expires.', null=True)),
                ('networks', catalog.db.fields.NamesField(blank=True, default=list, help_text='Networks it may be used from, e.g. 203.0.113.0/24, 2001:db8::/32. Leave empty to allow all.')),
                ('rate_limit', models.CharField(blank=True, help_text='Its rate limit, e.g. 60/minute. Leave empty to use the limit of its groups.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('is_over_budget', models.BooleanField(default=False, help_text='If on, it can still list models, which costs nothing, but may not call them.', verbose_name='budget used up')),
                ('note', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(blank=True, editable=False)),
                ('updated_at', models.DateTimeField(blank=True, editable=False)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical token',
                'verbose_name_plural': 'historical tokens',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalTokenGroup',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('slug', models.SlugField(help_text='The name in price lists, e.g. default or vip.', max_length=64)),
                ('label', models.CharField(help_text='The name that customers see.', max_length=128)),
                ('description', models.TextField(blank=True)),
                ('is_public', models.BooleanField(default=False, help_text="The public price list shows this group's models and rate to visitors without a key.", verbose_name='public')),
                ('auto_position', models.PositiveIntegerField(blank=True, help_text='Tokens with automatic groups get this group, and auto_groups in the price list is sorted by this number: 1 is tried first. Leave empty to exclude the group.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='place in the automatic order')),
                ('rate_limit', models.CharField(blank=True, help_text='The rate limit of each token in this group, e.g. 60/minute, unless the token has its own. Leave empty for no limit.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical group',
                'verbose_name_plural': 'historical groups',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='RetiredKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_id', models.CharField(max_length=64, verbose_name='key id')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('pepper', models.PositiveIntegerField(editable=False, help_text='Empty for keys that were retired before peppers were recorded.', null=True)),
                ('masked', models.CharField(max_length=64, verbose_name='key')),
                ('valid_until', models.DateTimeField(help_text='The key is refused from this time.')),
                ('retired_at', models.DateTimeField(auto_now_add=True)),
                ('refused_uses', models.PositiveIntegerField(default=0, verbose_name='uses after that')),
                ('refused_at', models.DateTimeField(blank=True, null=True, verbose_name='last use after that')),
                ('token', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='retired_keys', to='tokens.token')),
            ],
            options={
                'verbose_name': 'retired key',
            },
        ),
        migrations.CreateModel(
            name='TokenGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='The name in price lists, e.g. default or vip.', max_length=64, unique=True)),
                ('label', models.CharField(help_text='The name that customers see.', max_length=128)),
                ('description', models.TextField(blank=True)),
                ('is_public', models.BooleanField(default=False, help_text="The public price list shows this group's models and rate to visitors without a key.", verbose_name='public')),
                ('auto_position', models.PositiveIntegerField(blank=True, help_text='Tokens with automatic groups get this group, and auto_groups in the price list is sorted by this number: 1 is tried first. Leave empty to exclude the group.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='place in the automatic order')),
                ('rate_limit', models.CharField(blank=True, help_text='The rate limit of each token in this group, e.g. 60/minute, unless the token has its own. Leave empty for no limit.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('channels', models.ManyToManyField(blank=True, help_text='The group reaches the models that these channels offer.', related_name='groups', to='catalog.channel')),
            ],
            options={
                'verbose_name': 'group',
            },
        ),
        migrations.AddField(
            model_name='token',
            name='groups',
            field=models.ManyToManyField(blank=True, help_text='The token can see the models of these groups; without a group it can see none.', related_name='tokens', to='tokens.tokengroup'),
        ),
        migrations.CreateModel(
            name='HistoricalTokenGroup_channels',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('m2m_history_id', models.AutoField(primary_key=True, serialize=False)),
                ('channel', models.ForeignKey(blank=True, db_constraint=False, db_tablespace='', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.channel')),
                ('history', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='tokens.historicaltokengroup')),
                ('tokengroup', models.ForeignKey(blank=True, db_constraint=False, db_tablespace='', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.tokengroup')),
            ],
            options={
                'verbose_name': 'HistoricalTokenGroup_channels',
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalToken_groups',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('m2m_history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='tokens.historicaltoken')),
                ('token', models.ForeignKey(blank=True, db_constraint=False, db_tablespace='', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.token')),
                ('tokengroup', models.ForeignKey(blank=True, db_constraint=False, db_tablespace='', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.tokengroup')),
            ],
            options={
                'verbose_name': 'HistoricalToken_groups',
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at', None), ('expires_at', None), ('expires_at__gt', models.F('starts_at')), _connector='OR'), name='tokens_token_expires_after_start', violation_error_message='A token cannot expire before it starts.'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
