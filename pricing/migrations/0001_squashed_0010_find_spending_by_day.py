"""Creates the tables of pricing for a new database in one step; existing databases take the steps that it replaces."""

from importlib import import_module

import catalog.db.fields
import catalog.db.history
import catalog.db.import_context
import catalog.request_id
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pricing.engine.money
import simple_history.models
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

audit = import_module("pricing.migrations.0009_enter_histories")


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('pricing', '0001_initial'),
        ('pricing', '0002_record_the_import_of_each_line'),
        ('pricing', '0003_price_text_units'),
        ('pricing', '0004_add_spending'),
        ('pricing', '0005_store_usage_events'),
        ('pricing', '0006_choose_all_models_for_discounts'),
        ('pricing', '0007_limit_currencies_to_iso_4217'),
        ('pricing', '0008_name_actors'),
        ('pricing', '0009_enter_histories'),
        ('pricing', '0010_find_spending_by_day'),
    ]

    dependencies = [
        ('catalog', '0001_squashed_0017_add_audit_trail'),
        ('tokens', '0001_squashed_0013_name_actors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CurrencyRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(help_text='ISO 4217, e.g. CNY.', max_length=3, validators=[pricing.engine.money.validate_currency])),
                ('per_usd', catalog.db.fields.ExactDecimalField(help_text='Units of the currency for one US dollar, e.g. 7.3.', verbose_name='per US dollar')),
                ('as_of', models.DateField(help_text='The first day (UTC) of the rate; it applies until the next one.', verbose_name='as of')),
                ('source', models.CharField(blank=True, help_text='Who published the rate, e.g. ECB reference rate.', max_length=255)),
            ],
            options={
                'verbose_name': 'currency rate',
                'constraints': [models.UniqueConstraint(fields=('currency', 'as_of'), name='pricing_rate_one_a_day')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalCurrencyRate',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('currency', models.CharField(help_text='ISO 4217, e.g. CNY.', max_length=3, validators=[pricing.engine.money.validate_currency])),
                ('per_usd', catalog.db.fields.ExactDecimalField(help_text='Units of the currency for one US dollar, e.g. 7.3.', verbose_name='per US dollar')),
                ('as_of', models.DateField(help_text='The first day (UTC) of the rate; it applies until the next one.', verbose_name='as of')),
                ('source', models.CharField(blank=True, help_text='Who published the rate, e.g. ECB reference rate.', max_length=255)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical currency rate',
                'verbose_name_plural': 'historical currency rates',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalDiscountRule',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('all_models', models.BooleanField(default=False, help_text='Whether the rule applies to every model that has no more specific rule. Leave off to choose a model, a series or a vendor.')),
                ('series', models.CharField(blank=True, help_text='The series that the rule applies to, e.g. gpt-4o.', max_length=64)),
                ('multiplier', catalog.db.fields.ExactDecimalField(help_text='The factor of list prices: 0.9 for a discount of 10%.')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When the rule takes effect.', verbose_name='takes effect')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Leave empty for a rule without an end.', null=True, verbose_name='expires')),
                ('reason', models.CharField(blank=True, help_text='The reason, shown in the history.', max_length=255)),
                ('created_at', models.DateTimeField(blank=True, editable=False)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
                ('vendor', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.vendor')),
            ],
            options={
                'verbose_name': 'historical discount rule',
                'verbose_name_plural': 'historical discount rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalGroupRate',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('ratio', catalog.db.fields.ExactDecimalField(default=Decimal('1'), help_text='The factor of prices, e.g. 0.9 for a discount of 10%.')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When the rate takes effect.', verbose_name='takes effect')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('group', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.tokengroup')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical group rate',
                'verbose_name_plural': 'historical group rates',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalPopularModel',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('position', models.PositiveIntegerField(default=0, help_text='Models with a lower position come first.')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical popular model',
                'verbose_name_plural': 'historical popular models',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalPriceSheet',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('role', models.CharField(choices=[('list', "List (the vendor's own price)"), ('sell', 'Sell (what customers pay)'), ('cost', 'Cost (what we pay)')], default='sell', help_text="List is the vendor's price, sell is the price for customers, cost is your own cost.", max_length=8)),
                ('currency', models.CharField(default='USD', help_text='The currency code (ISO 4217), e.g. USD or CNY.', max_length=3, validators=[pricing.engine.money.validate_currency])),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When the sheet takes effect.', verbose_name='takes effect')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Leave empty for a price without an end.', null=True, verbose_name='expires')),
                ('facts', catalog.db.fields.ExactJSONField(blank=True, default=dict, help_text='Other values of the source, e.g. the profile of a rule table.')),
                ('reason', models.CharField(blank=True, help_text='The reason, shown in the history.', max_length=255)),
                ('author_name', models.CharField(blank=True, default=catalog.db.history.current_actor, editable=False, max_length=200, verbose_name='author')),
                ('created_at', models.DateTimeField(blank=True, editable=False)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('author', models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, help_text='The priced model.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, db_constraint=False, help_text='The import that created the sheet.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical price sheet',
                'verbose_name_plural': 'historical price sheets',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalUsageReporter',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('actor', models.CharField(blank=True, default=catalog.db.history.current_actor, max_length=200)),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
                ('token', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tokens.token')),
            ],
            options={
                'verbose_name': 'historical usage reporter',
                'verbose_name_plural': 'historical usage reporters',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='PopularModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=0, help_text='Models with a lower position come first.')),
                ('model', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='popularity', to='catalog.aimodel')),
            ],
            options={
                'verbose_name': 'popular model',
            },
        ),
        migrations.CreateModel(
            name='PriceSheet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('list', "List (the vendor's own price)"), ('sell', 'Sell (what customers pay)'), ('cost', 'Cost (what we pay)')], default='sell', help_text="List is the vendor's price, sell is the price for customers, cost is your own cost.", max_length=8)),
                ('currency', models.CharField(default='USD', help_text='The currency code (ISO 4217), e.g. USD or CNY.', max_length=3, validators=[pricing.engine.money.validate_currency])),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When the sheet takes effect.', verbose_name='takes effect')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Leave empty for a price without an end.', null=True, verbose_name='expires')),
                ('facts', catalog.db.fields.ExactJSONField(blank=True, default=dict, help_text='Other values of the source, e.g. the profile of a rule table.')),
                ('reason', models.CharField(blank=True, help_text='The reason, shown in the history.', max_length=255)),
                ('author_name', models.CharField(blank=True, default=catalog.db.history.current_actor, editable=False, max_length=200, verbose_name='author')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('author', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(help_text='The priced model.', on_delete=django.db.models.deletion.CASCADE, related_name='sheets', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, help_text='The import that created the sheet.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sheets', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'price sheet',
            },
        ),
        migrations.CreateModel(
            name='PriceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=0, help_text='The order of the lines. The last line of a meter whose conditions hold sets the price.')),
                ('kind', models.CharField(choices=[('absolute', 'Price'), ('multiplier', 'Multiplier'), ('allowance', 'Free units'), ('minimum', 'Minimum units'), ('dynamic', 'Decided per request'), ('included', 'Included in a plan')], default='absolute', help_text='What the amount is: usually a price.', max_length=16)),
                ('meter', models.CharField(blank=True, help_text='What is counted: input, output, input.cache_read, input.cache_write, output.reasoning, output.citation, … Leave empty to multiply all prices.', max_length=128, validators=[django.core.validators.RegexValidator('^(?:input|output|input[.]cache_read|input[.]cache_write|output[.]reasoning|output[.]citation|input[.]text|output[.]text|input[.]image|output[.]image|input[.]audio|output[.]audio|input[.]video|output[.]video|input[.]audio[.]cache_read|input[.]audio[.]cache_write|input[.]image[.]cache_read|input[.]image[.]cache_write|request|web_search|file_search|maps|code_session|ocr|ocr[.]annotation|moderation|guardrail|finetune|cache_storage|storage|capacity|x[.][a-z0-9_]+[.][A-Za-z0-9_.-]+)$', 'This is not a valid meter. Use one of the list, or x.<source>.<name> for another one.')])),
                ('amount', catalog.db.fields.ExactDecimalField(blank=True, help_text='A number, e.g. 2.5 or 0.00000015.', null=True)),
                ('per', models.PositiveBigIntegerField(default=1, help_text='How many units the amount pays for, e.g. 1000000.')),
                ('unit', models.CharField(blank=True, choices=[('token', 'token'), ('character', 'character'), ('image', 'image'), ('megapixel', 'megapixel'), ('pixel', 'pixel'), ('second', 'second'), ('minute', 'minute'), ('hour', 'hour'), ('page', 'page'), ('query', 'query'), ('request', 'request'), ('session', 'session'), ('message', 'message'), ('credit', 'credit'), ('gb_day', 'gb_day'), ('token_hour', 'token_hour'), ('step', 'step'), ('text_unit', 'text_unit'), ('DBU', 'DBU')], help_text='The unit that is counted, e.g. token or second.', max_length=32)),
                ('conditions', catalog.db.fields.ExactJSONField(blank=True, default=list, help_text='When the line applies, e.g. [{"dim": "prompt_tokens", "op": "gt", "value": 200000}]; all must hold. Leave empty to apply to all requests.')),
                ('facts', catalog.db.fields.ExactJSONField(blank=True, default=dict, help_text='Other values of the source for this price.')),
                ('run', models.ForeignKey(blank=True, editable=False, help_text='The import that stated the line. Empty if it is the import of the sheet.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='pricing.pricesheet')),
            ],
            options={
                'verbose_name': 'price line',
            },
        ),
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_key', models.BigIntegerField(help_text='The primary key of the token.')),
                ('group_key', models.BigIntegerField(help_text='The primary key of the group whose price applied; 0: none.')),
                ('day', models.DateField()),
                ('currency', models.CharField(blank=True, help_text='Empty for calls whose cost is not known.', max_length=3)),
                ('amount', catalog.db.fields.ExactDecimalField(default=Decimal('0'))),
                ('calls', models.PositiveBigIntegerField(default=0)),
                ('uncounted', models.PositiveBigIntegerField(default=0, help_text='Calls of a model without a price, for example.', verbose_name='calls of unknown cost')),
            ],
            options={
                'verbose_name': 'spending',
                'verbose_name_plural': 'spending',
                'indexes': [models.Index(fields=['group_key', 'day'], name='pricing_spending_of_group'), models.Index(fields=['day'], name='pricing_spending_day')],
                'constraints': [models.UniqueConstraint(fields=('token_key', 'group_key', 'day', 'currency'), name='pricing_spending_once_a_day')],
            },
        ),
        migrations.CreateModel(
            name='UsageCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The id or alias that was reported.', max_length=255, verbose_name='reported name')),
                ('day', models.DateField()),
                ('reporter', models.CharField(help_text="The key id of the reporter, or the name of a file's origin.", max_length=64)),
                ('source', models.CharField(blank=True, default='', help_text='The part of the reporter that counted, e.g. a worker; events: the sum of single events.', max_length=64)),
                ('requests', models.PositiveBigIntegerField(default=0)),
                ('tokens', models.PositiveBigIntegerField(default=0)),
                ('model', models.ForeignKey(help_text='The model that the name stands for. Empty if the catalog has none.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='usage_counts', to='catalog.aimodel')),
            ],
            options={
                'verbose_name': 'usage count',
            },
        ),
        migrations.CreateModel(
            name='UsageEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(help_text="The reporter's own id of the call; each id counts once.", max_length=128, verbose_name='event id')),
                ('key_id', models.CharField(help_text='The key id that was reported.', max_length=64, verbose_name='key id')),
                ('name', models.CharField(help_text='The id or alias that was reported.', max_length=255, verbose_name='reported name')),
                ('group', models.CharField(blank=True, help_text='The group whose price is charged. Empty if unknown.', max_length=64)),
                ('at', models.DateTimeField(help_text='When the call was made.', verbose_name='time')),
                ('usage', catalog.db.fields.ExactJSONField(help_text='Meter -> quantity, or quantity and unit.')),
                ('request', catalog.db.fields.ExactJSONField(blank=True, default=dict, help_text='Facts of the request that can decide its price.')),
                ('cost', catalog.db.fields.ExactDecimalField(blank=True, help_text='What the group is charged. Empty if unknown.', null=True)),
                ('currency', models.CharField(blank=True, help_text='The currency of the cost. Empty if unknown.', max_length=3)),
                ('digest', models.CharField(editable=False, help_text='A digest of what was reported.', max_length=32)),
                ('received_at', models.DateTimeField(auto_now_add=True)),
                ('model', models.ForeignKey(db_index=False, help_text='The model that the name stands for. Empty if the catalog has none.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='usage_events', to='catalog.aimodel')),
                ('reporter', models.ForeignKey(db_index=False, help_text='The token that reported the call.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tokens.token')),
                ('token', models.ForeignKey(db_index=False, help_text='The token that the call was made with. Empty if there is none with the key id.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='usage_events', to='tokens.token')),
            ],
            options={
                'verbose_name': 'usage event',
            },
        ),
        migrations.CreateModel(
            name='UsageReporter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='usage_reporter', to='tokens.token')),
            ],
            options={
                'verbose_name': 'usage reporter',
            },
        ),
        migrations.CreateModel(
            name='DiscountRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('all_models', models.BooleanField(default=False, help_text='Whether the rule applies to every model that has no more specific rule. Leave off to choose a model, a series or a vendor.')),
                ('series', models.CharField(blank=True, help_text='The series that the rule applies to, e.g. gpt-4o.', max_length=64)),
                ('multiplier', catalog.db.fields.ExactDecimalField(help_text='The factor of list prices: 0.9 for a discount of 10%.')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When the rule takes effect.', verbose_name='takes effect')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Leave empty for a rule without an end.', null=True, verbose_name='expires')),
                ('reason', models.CharField(blank=True, help_text='The reason, shown in the history.', max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('model', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='discount_rules', to='catalog.aimodel')),
                ('vendor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='discount_rules', to='catalog.vendor')),
            ],
            options={
                'verbose_name': 'discount rule',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('all_models', True), ('model', None), ('series', ''), ('vendor', None)), models.Q(('all_models', False), ('model__isnull', False), ('series', ''), ('vendor', None)), models.Q(('all_models', False), ('model', None), ('series', ''), ('vendor__isnull', False)), models.Q(('all_models', False), ('model', None), ('vendor', None), models.Q(('series', ''), _negated=True)), _connector='OR'), name='pricing_discount_one_target', violation_error_message='Choose one of model, series and vendor, or all models.'), models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='pricing_discount_ends_after_start', violation_error_message='The end must be after the start.')],
            },
        ),
        migrations.CreateModel(
            name='GroupRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ratio', catalog.db.fields.ExactDecimalField(default=Decimal('1'), help_text='The factor of prices, e.g. 0.9 for a discount of 10%.')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When the rate takes effect.', verbose_name='takes effect')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rates', to='tokens.tokengroup')),
            ],
            options={
                'verbose_name': 'group rate',
                'constraints': [models.UniqueConstraint(fields=('group', 'starts_at'), name='pricing_group_rate_one_a_moment', violation_error_message='Another rate of this group takes effect at this time. Choose another time.')],
            },
        ),
        migrations.AddIndex(
            model_name='pricesheet',
            index=models.Index(fields=['model', 'role', '-starts_at'], name='pricing_sheet_in_force'),
        ),
        migrations.AddConstraint(
            model_name='pricesheet',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='pricing_sheet_ends_after_start', violation_error_message='The end must be after the start.'),
        ),
        migrations.AddConstraint(
            model_name='priceline',
            constraint=models.UniqueConstraint(fields=('sheet', 'position'), name='pricing_line_position'),
        ),
        migrations.AddConstraint(
            model_name='priceline',
            constraint=models.CheckConstraint(condition=models.Q(('per__gte', 1)), name='pricing_line_per_positive'),
        ),
        migrations.AddConstraint(
            model_name='priceline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount', None), ('kind__in', ['dynamic', 'included'])), models.Q(('amount__isnull', False), ('kind__in', ['absolute', 'multiplier', 'allowance', 'minimum'])), _connector='OR'), name='pricing_line_amount_where_it_belongs', violation_error_message='Dynamic and included lines have no amount; all other kinds need one.'),
        ),
        migrations.AddIndex(
            model_name='usagecount',
            index=models.Index(fields=['day'], name='pricing_usage_day'),
        ),
        migrations.AddIndex(
            model_name='usagecount',
            index=models.Index(condition=models.Q(('model', None)), fields=['name'], name='pricing_usage_unknown'),
        ),
        migrations.AddConstraint(
            model_name='usagecount',
            constraint=models.UniqueConstraint(fields=('name', 'day', 'reporter', 'source'), name='pricing_usage_once_a_day'),
        ),
        migrations.AddIndex(
            model_name='usageevent',
            index=models.Index(fields=['at'], name='pricing_event_at'),
        ),
        migrations.AddIndex(
            model_name='usageevent',
            index=models.Index(fields=['token', 'at'], name='pricing_event_token'),
        ),
        migrations.AddIndex(
            model_name='usageevent',
            index=models.Index(fields=['model', 'at'], name='pricing_event_model'),
        ),
        migrations.AddIndex(
            model_name='usageevent',
            index=models.Index(condition=models.Q(('cost', None)), fields=['name'], name='pricing_event_unpriced'),
        ),
        migrations.AddConstraint(
            model_name='usageevent',
            constraint=models.UniqueConstraint(fields=('reporter', 'event_id'), name='pricing_event_once'),
        ),
        migrations.RunPython(audit.enter, migrations.RunPython.noop),
    ]
