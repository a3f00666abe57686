"""Creates the tables of tokens for a new database in one step; existing databases take the steps that it replaces."""

import catalog.db.fields
import catalog.db.history
import catalog.db.import_context
import catalog.names.groups
import catalog.request_id
import django.core.validators
import django.db.models.deletion
import simple_history.models
import tokens.budgets
import tokens.rate_limits
import tokens.scope
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def fill(apps, schema_editor):
    """The group that imports and new tokens use if none is named, with the first row of its history."""
    group = apps.get_model("tokens", "TokenGroup").objects.create(
        slug="default", label="Default", is_public=True, auto_position=1
    )
    history = apps.get_model("tokens", "HistoricalTokenGroup")
    columns = {field.attname for field in group._meta.concrete_fields}
    values = {field.attname: getattr(group, field.attname) for field in history._meta.concrete_fields if field.attname in columns}
    history.objects.create(
        **values, history_type="+", history_date=timezone.now(), history_change_reason="Made with the installation."
    )


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('tokens', '0001_initial'),
        ('tokens', '0002_explain_literal_patterns'),
        ('tokens', '0003_add_first_group'),
        ('tokens', '0004_add_budgets'),
        ('tokens', '0005_explain_blocked_calls'),
        ('tokens', '0006_remember_peppers'),
        ('tokens', '0007_compare_prices_and_limits'),
        ('tokens', '0008_add_releases'),
        ('tokens', '0009_name_groups_freely'),
        ('tokens', '0010_split_deny_patterns'),
        ('tokens', '0011_store_last_refusals'),
        ('tokens', '0012_limit_operators_to_groups'),
        ('tokens', '0013_name_actors'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('catalog', '0001_squashed_0017_add_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Pepper',
            fields=[
                ('number', models.PositiveIntegerField(primary_key=True, serialize=False)),
                ('fingerprint', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('budget_amount', catalog.db.fields.ExactDecimalField(blank=True, help_text='What its calls may cost per period; when that much is spent, calls are refused until the period ends. 0 refuses all calls. Leave empty for no budget.', null=True, validators=[tokens.budgets.validate_amount], verbose_name='budget')),
                ('budget_currency', models.CharField(default='USD', help_text='ISO 4217, e.g. USD. Costs in other currencies are converted with the currency rate of their day.', max_length=3, validators=[tokens.budgets.validate_currency], verbose_name='currency of the budget')),
                ('budget_period', models.CharField(choices=[('day', 'Each day'), ('month', 'Each month'), ('total', 'In total')], default='total', help_text='By the calendar in UTC. A budget in total never resets: raise it to renew it.', max_length=8, verbose_name='period of the budget')),
                ('spent', catalog.db.fields.ExactDecimalField(default=Decimal('0'), editable=False, help_text='In this period, in the same currency.')),
                ('uncounted', models.PositiveBigIntegerField(default=0, editable=False, help_text='In this period; they are not part of `spent`.', verbose_name='calls of unknown cost')),
                ('spent_since', models.DateTimeField(blank=True, editable=False, help_text='The start of the period that `spent` counts.', null=True)),
                ('spent_until', models.DateTimeField(blank=True, editable=False, help_text='Calls are refused until then.', null=True)),
                ('warned_until', models.DateTimeField(blank=True, editable=False, help_text='Most of the budget is spent until then.', null=True)),
                ('name', models.CharField(help_text='The user of the token, e.g. Acme production.', max_length=128)),
                ('key_id', models.CharField(editable=False, help_text='Safe to show and to log.', max_length=64, unique=True, verbose_name='key id')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('pepper', models.PositiveIntegerField(editable=False)),
                ('masked', models.CharField(editable=False, max_length=64, verbose_name='key')),
                ('enabled', models.BooleanField(default=True, help_text='If off, the key is refused from the next request on.')),
                ('uses_auto_groups', models.BooleanField(default=False, help_text='The token is also in every group of the automatic order.', verbose_name='automatic groups')),
                ('allow', catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns])),
                ('deny', catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow. A comparison also denies the models whose figure is unknown. Leave empty to deny none.', validators=[tokens.scope.validate_patterns])),
                ('starts_at', models.DateTimeField(blank=True, help_text='The key is refused before this time. Leave empty for a key that is valid now.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='The key is refused from this time. Leave empty for a key that never expires.', null=True)),
                ('networks', catalog.db.fields.NamesField(blank=True, default=list, help_text='Networks it may be used from, e.g. 203.0.113.0/24, 2001:db8::/32. Leave empty to allow all.')),
                ('rate_limit', models.CharField(blank=True, help_text='Its rate limit, e.g. 60/minute. Leave empty to use the limit of its groups.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('is_over_budget', models.BooleanField(default=False, help_text='If on, it can still list models, which costs nothing, but may not call them, whatever it has spent.', verbose_name='calls blocked')),
                ('note', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, help_text='To the minute.', null=True)),
            ],
            options={
                'verbose_name': 'token',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BuiltInRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=32, unique=True)),
                ('role', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='built_in', to='auth.group')),
            ],
            options={
                'verbose_name': 'built-in role',
            },
        ),
        migrations.CreateModel(
            name='HistoricalToken',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('budget_amount', catalog.db.fields.ExactDecimalField(blank=True, help_text='What its calls may cost per period; when that much is spent, calls are refused until the period ends. 0 refuses all calls. Leave empty for no budget.', null=True, validators=[tokens.budgets.validate_amount], verbose_name='budget')),
                ('budget_currency', models.CharField(default='USD', help_text='ISO 4217, e.g. USD. Costs in other currencies are converted with the currency rate of their day.', max_length=3, validators=[tokens.budgets.validate_currency], verbose_name='currency of the budget')),
                ('budget_period', models.CharField(choices=[('day', 'Each day'), ('month', 'Each month'), ('total', 'In total')], default='total', help_text='By the calendar in UTC. A budget in total never resets: raise it to renew it.', max_length=8, verbose_name='period of the budget')),
                ('name', models.CharField(help_text='The user of the token, e.g. Acme production.', max_length=128)),
                ('key_id', models.CharField(db_index=True, editable=False, help_text='Safe to show and to log.', max_length=64, verbose_name='key id')),
                ('masked', models.CharField(editable=False, max_length=64, verbose_name='key')),
                ('enabled', models.BooleanField(default=True, help_text='If off, the key is refused from the next request on.')),
                ('uses_auto_groups', models.BooleanField(default=False, help_text='The token is also in every group of the automatic order.', verbose_name='automatic groups')),
                ('allow', catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns])),
                ('deny', catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow. A comparison also denies the models whose figure is unknown. Leave empty to deny none.', validators=[tokens.scope.validate_patterns])),
                ('starts_at', models.DateTimeField(blank=True, help_text='The key is refused before this time. Leave empty for a key that is valid now.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='The key is refused from this time. Leave empty for a key that never expires.', null=True)),
                ('networks', catalog.db.fields.NamesField(blank=True, default=list, help_text='Networks it may be used from, e.g. 203.0.113.0/24, 2001:db8::/32. Leave empty to allow all.')),
                ('rate_limit', models.CharField(blank=True, help_text='Its rate limit, e.g. 60/minute. Leave empty to use the limit of its groups.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('is_over_budget', models.BooleanField(default=False, help_text='If on, it can still list models, which costs nothing, but may not call them, whatever it has spent.', verbose_name='calls blocked')),
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
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('budget_amount', catalog.db.fields.ExactDecimalField(blank=True, help_text='What its calls may cost per period; when that much is spent, calls are refused until the period ends. 0 refuses all calls. Leave empty for no budget.', null=True, validators=[tokens.budgets.validate_amount], verbose_name='budget')),
                ('budget_currency', models.CharField(default='USD', help_text='ISO 4217, e.g. USD. Costs in other currencies are converted with the currency rate of their day.', max_length=3, validators=[tokens.budgets.validate_currency], verbose_name='currency of the budget')),
                ('budget_period', models.CharField(choices=[('day', 'Each day'), ('month', 'Each month'), ('total', 'In total')], default='total', help_text='By the calendar in UTC. A budget in total never resets: raise it to renew it.', max_length=8, verbose_name='period of the budget')),
                ('slug', catalog.db.fields.GroupNameField(db_index=True, help_text='The name that price lists, gateways and commands use, e.g. default or 官转. Upper and lower case are different. No commas. Its prices, rates and tokens follow a new name; gateways see it at once.', max_length=64, validators=[catalog.names.groups.validate_group_name], verbose_name='name')),
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
            name='LastRefusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('key_id', models.CharField(help_text='That of the key in the request, current or replaced.', max_length=64, verbose_name='key id')),
                ('address', models.CharField(help_text='The address of the caller; empty if it is not known.', max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('code', models.CharField(max_length=32)),
                ('model', models.CharField(help_text='The model as the request names it; empty if it names none.', max_length=128)),
                ('path', models.CharField(help_text='The address of the call without its query.', max_length=256)),
                ('request_id', models.CharField(max_length=64)),
                ('token', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='last_refusal', to='tokens.token')),
            ],
            options={
                'verbose_name': 'last refusal',
            },
        ),
        migrations.CreateModel(
            name='TokenGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('budget_amount', catalog.db.fields.ExactDecimalField(blank=True, help_text='What its calls may cost per period; when that much is spent, calls are refused until the period ends. 0 refuses all calls. Leave empty for no budget.', null=True, validators=[tokens.budgets.validate_amount], verbose_name='budget')),
                ('budget_currency', models.CharField(default='USD', help_text='ISO 4217, e.g. USD. Costs in other currencies are converted with the currency rate of their day.', max_length=3, validators=[tokens.budgets.validate_currency], verbose_name='currency of the budget')),
                ('budget_period', models.CharField(choices=[('day', 'Each day'), ('month', 'Each month'), ('total', 'In total')], default='total', help_text='By the calendar in UTC. A budget in total never resets: raise it to renew it.', max_length=8, verbose_name='period of the budget')),
                ('spent', catalog.db.fields.ExactDecimalField(default=Decimal('0'), editable=False, help_text='In this period, in the same currency.')),
                ('uncounted', models.PositiveBigIntegerField(default=0, editable=False, help_text='In this period; they are not part of `spent`.', verbose_name='calls of unknown cost')),
                ('spent_since', models.DateTimeField(blank=True, editable=False, help_text='The start of the period that `spent` counts.', null=True)),
                ('spent_until', models.DateTimeField(blank=True, editable=False, help_text='Calls are refused until then.', null=True)),
                ('warned_until', models.DateTimeField(blank=True, editable=False, help_text='Most of the budget is spent until then.', null=True)),
                ('slug', catalog.db.fields.GroupNameField(help_text='The name that price lists, gateways and commands use, e.g. default or 官转. Upper and lower case are different. No commas. Its prices, rates and tokens follow a new name; gateways see it at once.', max_length=64, unique=True, validators=[catalog.names.groups.validate_group_name], verbose_name='name')),
                ('label', models.CharField(help_text='The name that customers see.', max_length=128)),
                ('description', models.TextField(blank=True)),
                ('is_public', models.BooleanField(default=False, help_text="The public price list shows this group's models and rate to visitors without a key.", verbose_name='public')),
                ('auto_position', models.PositiveIntegerField(blank=True, help_text='Tokens with automatic groups get this group, and auto_groups in the price list is sorted by this number: 1 is tried first. Leave empty to exclude the group.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='place in the automatic order')),
                ('rate_limit', models.CharField(blank=True, help_text='The rate limit of each token in this group, e.g. 60/minute, unless the token has its own. Leave empty for no limit.', max_length=64, validators=[tokens.rate_limits.validate_rate])),
                ('channels', models.ManyToManyField(blank=True, help_text='The group reaches the models that these channels offer.', related_name='groups', to='catalog.channel')),
            ],
            options={
                'verbose_name': 'group',
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='token',
            name='first_group',
            field=models.ForeignKey(blank=True, help_text='If several of its groups reach a model, the price is that of this group, if it is one of them. Leave empty for group default, then the others by name, then the automatic groups in their order.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tokens.tokengroup'),
        ),
        migrations.AddField(
            model_name='token',
            name='groups',
            field=models.ManyToManyField(blank=True, help_text='The token can see the models of these groups; without a group it can see none.', related_name='tokens', to='tokens.tokengroup'),
        ),
        migrations.CreateModel(
            name='OperatorGroups',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('operator', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='responsibility', to=settings.AUTH_USER_MODEL)),
                ('groups', models.ManyToManyField(blank=True, help_text='The operator sees and changes only these groups, and the tokens that are in no other group. Leave empty to show no groups and no tokens.', related_name='+', to='tokens.tokengroup')),
            ],
            options={
                'verbose_name': 'limit to groups',
                'verbose_name_plural': 'limit to groups',
            },
        ),
        migrations.CreateModel(
            name='ModelRelease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(blank=True, help_text="Before this time, the model does not exist for the group, whatever the model's own start is. Leave empty to start at once.", null=True)),
                ('model', models.ForeignKey(help_text='The model that the group gets.', on_delete=django.db.models.deletion.CASCADE, related_name='releases', to='catalog.aimodel')),
                ('group', models.ForeignKey(help_text='The group that gets the model at another time than others.', on_delete=django.db.models.deletion.CASCADE, related_name='releases', to='tokens.tokengroup')),
            ],
            options={
                'verbose_name': 'release',
            },
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
        migrations.AddField(
            model_name='historicaltoken',
            name='first_group',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='If several of its groups reach a model, the price is that of this group, if it is one of them. Leave empty for group default, then the others by name, then the automatic groups in their order.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.tokengroup'),
        ),
        migrations.CreateModel(
            name='HistoricalModelRelease',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('starts_at', models.DateTimeField(blank=True, help_text="Before this time, the model does not exist for the group, whatever the model's own start is. Leave empty to start at once.", null=True)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, help_text='The model that the group gets.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
                ('group', models.ForeignKey(blank=True, db_constraint=False, help_text='The group that gets the model at another time than others.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.tokengroup')),
            ],
            options={
                'verbose_name': 'historical release',
                'verbose_name_plural': 'historical releases',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name='tokengroup',
            constraint=models.CheckConstraint(condition=models.Q(('budget_period__in', ('day', 'month', 'total'))), name='tokens_tokengroup_has_known_budget_period'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('budget_period__in', ('day', 'month', 'total'))), name='tokens_token_has_known_budget_period'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at', None), ('expires_at', None), ('expires_at__gt', models.F('starts_at')), _connector='OR'), name='tokens_token_expires_after_start', violation_error_message='A token cannot expire before it starts.'),
        ),
        migrations.AddConstraint(
            model_name='modelrelease',
            constraint=models.UniqueConstraint(fields=('model', 'group'), name='tokens_release_once_a_group'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
