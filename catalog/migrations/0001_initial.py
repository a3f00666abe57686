import catalog.db.fields
import catalog.db.import_context
import catalog.models.channel
import catalog.models.source
import catalog.parameters
import catalog.request_id
import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


# Sources: the documentation of new-api and Crazyrouter's public price list, 2026.
ENDPOINT_TYPES = [
    ("openai", "/v1/chat/completions", "Chat completions"),
    ("openai-response", "/v1/responses", "Responses"),
    ("openai-response-compact", "/v1/responses/compact", "Responses, compacted"),
    ("anthropic", "/v1/messages", "Anthropic messages"),
    ("gemini", "/v1beta/models/{model}:generateContent", "Gemini generateContent"),
    ("embeddings", "/v1/embeddings", "Embeddings"),
    ("jina-rerank", "/v1/rerank", "Rerank"),
    ("image-generation", "/v1/images/generations", "Image generation"),
    ("openai-video", "/v1/videos", "Video, OpenAI style"),
    ("unified-video", "/v1/video/create", "Video, one format for all vendors"),
    ("ali-video", "/api/v1/services/aigc/video-generation/video-synthesis", "Video, Alibaba style"),
    ("volc-video", "/volc/v1/contents/generations/tasks", "Video, Volcengine style"),
    ("minimax-video", "/minimax/v1/video_generation", "Video, MiniMax style"),
    ("kling", "/kling/v1/videos/text2video", "Video, Kling style"),
    ("midjourney", "/mj/submit/imagine", "Midjourney imagine"),
    ("suno", "/suno/submit/music", "Suno music"),
    ("audio-speech", "/v1/audio/speech", "Text to speech"),
    ("audio-transcription", "/v1/audio/transcriptions", "Speech to text"),
]


def record_creation(apps, row):
    """The first row of its history, so that the first change has something to be compared with."""
    record = apps.get_model(row._meta.app_label, f"Historical{row._meta.object_name}")
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    record.objects.create(
        **values, history_type="+", history_date=timezone.now(), history_change_reason="Made with the installation."
    )


def fill(apps, schema_editor):
    """The revision's one row, the vendor of models whose vendor is unknown, and the endpoint types."""
    apps.get_model("catalog", "Revision").objects.get_or_create(pk=1)
    record_creation(apps, apps.get_model("catalog", "Vendor").objects.create(slug="other", name="Other"))
    endpoint_type = apps.get_model("catalog", "EndpointType")
    for name, path, label in ENDPOINT_TYPES:
        record_creation(apps, endpoint_type.objects.create(name=name, path=path, method="POST", label=label))


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='The name in commands, e.g. azure-east.', max_length=64, unique=True)),
                ('name', models.CharField(help_text='The name for operators. Customers never see it.', max_length=128)),
                ('enabled', models.BooleanField(db_index=True, default=True, help_text='If off, no model is listed because of this channel.')),
                ('base_url', models.URLField(blank=True, help_text='The address of the upstream, as a note for operators: this service never calls it.', validators=[catalog.models.channel.refuse_credentials], verbose_name='base URL')),
                ('priority', models.IntegerField(default=0, help_text='Gateways that read this catalog try channels with a higher priority first.')),
                ('weight', models.PositiveIntegerField(default=0, help_text='The share of requests among channels with the same priority.')),
                ('note', models.TextField(blank=True, help_text='A note for operators. Customers never see it.')),
            ],
            options={
                'verbose_name': 'channel',
            },
        ),
        migrations.CreateModel(
            name='EndpointType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The name that clients use, e.g. openai or anthropic.', max_length=64, unique=True, validators=[django.core.validators.RegexValidator('^(?!path$|method$)[a-z0-9][a-z0-9-]*$', 'This is not a valid name: use lower-case letters, digits and dashes, e.g. openai-response.')])),
                ('path', models.CharField(help_text="The gateway's path for it, e.g. /v1/chat/completions. {model} is replaced by the model id.", max_length=255, validators=[django.core.validators.RegexValidator('^/', 'This is not a valid path: start it with a slash.')])),
                ('method', models.CharField(choices=[('GET', 'Get'), ('POST', 'Post')], default='POST', max_length=8)),
                ('label', models.CharField(blank=True, help_text='A short description.', max_length=128)),
            ],
            options={
                'verbose_name': 'endpoint type',
            },
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveBigIntegerField(help_text='Size in bytes.')),
                ('origin', models.CharField(blank=True, help_text='The file name or the address of the document.', max_length=255)),
                ('taken_at', models.DateTimeField(auto_now_add=True)),
                ('packed', models.BinaryField(help_text='The bytes, compressed with gzip.')),
            ],
            options={
                'verbose_name': 'snapshot',
            },
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='The name in commands, e.g. litellm or our-upstream.', max_length=64, unique=True)),
                ('name', models.CharField(help_text="The name for operators, e.g. LiteLLM's cost map.", max_length=128)),
                ('kind', models.CharField(choices=[('list', 'List prices of vendors'), ('sell', "A gateway's own price list")], default='list', help_text="Whether its prices are vendors' list prices or a gateway's.", max_length=8)),
                ('url', models.URLField(blank=True, help_text='The address from which the document is fetched by default.', verbose_name='URL')),
                ('note', models.TextField(blank=True, help_text='A note for operators.')),
                ('reader', models.CharField(blank=True, choices=catalog.models.source.readers, help_text='The format of the document. Leave empty if the slug is the name of a format.', max_length=64, verbose_name='read as')),
                ('trust', models.PositiveSmallIntegerField(choices=[(60, 'Your own files'), (50, "A channel's own upstream"), (40, "Vendors' own data"), (30, 'Curated by people'), (20, 'Collected from others'), (10, 'A starting point')], default=30, help_text='If two sources disagree, the more trusted one wins.')),
                ('sync', models.BooleanField(default=False, help_text='Whether the command sync_sources fetches it.', verbose_name='fetch regularly')),
                ('every_hours', models.PositiveIntegerField(default=24, help_text='Hours between two fetches: 24 for once a day, at least 1.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='every … hours')),
                ('policy', models.CharField(choices=[('review', 'Leave every plan to review'), ('apply_safe', 'Apply changes that no guard stops and that are not suspicious')], default='review', help_text='What happens with a plan after a fetch.', max_length=16)),
                ('prices_as', models.CharField(blank=True, choices=[('list', 'List prices'), ('sell', 'Sell prices'), ('cost', 'What we pay')], help_text='The role of the prices. Leave empty for the usual role of this format.', max_length=8)),
                ('channel', models.SlugField(blank=True, help_text='The channel that offers its models. Leave empty to offer them on no channel.', max_length=64)),
                ('group', models.SlugField(blank=True, help_text='The group that reaches the channel. Leave empty for the default group.', max_length=64)),
                ('only', catalog.db.fields.NamesField(blank=True, default=list, help_text='Import only ids that match, e.g. gpt-*, claude-*. Leave empty to import all.')),
                ('providers', catalog.db.fields.NamesField(blank=True, default=list, help_text="Import only these providers' offers. Leave empty to import the vendors' own offers.")),
                ('publish', models.BooleanField(default=False, help_text='Publish its models. If off, new models are drafts.')),
                ('checked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last checked')),
                ('error', models.CharField(blank=True, editable=False, max_length=512, verbose_name='last error')),
                ('etag', models.CharField(blank=True, editable=False, max_length=255, verbose_name='ETag')),
                ('last_modified', models.CharField(blank=True, editable=False, max_length=64)),
                ('last_sha256', models.CharField(blank=True, editable=False, max_length=64)),
                ('missing', catalog.db.fields.ExactJSONField(blank=True, default=dict, editable=False)),
            ],
            options={
                'verbose_name': 'source',
            },
        ),
        migrations.CreateModel(
            name='Vendor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='Lower case, shown to clients as owned_by, e.g. openai. Changing it may break clients.', max_length=64, unique=True)),
                ('name', models.CharField(help_text='The name that customers see, e.g. OpenAI.', max_length=128, unique=True)),
                ('aliases', catalog.db.fields.NamesField(blank=True, default=list, help_text='Other spellings in imported documents, separated by commas, e.g. 快手, kling.')),
                ('icon', models.CharField(blank=True, help_text='A lobe-icons name such as Claude.Color. Leave empty for no icon.', max_length=128)),
                ('description', models.TextField(blank=True, help_text='Part of the price list, /api/pricing. Leave empty for none.')),
            ],
            options={
                'verbose_name': 'vendor',
            },
        ),
        migrations.CreateModel(
            name='AIModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The id that clients send as model, e.g. gpt-4o or anthropic/claude-sonnet-4-5. Case-sensitive.', max_length=255, unique=True, validators=[django.core.validators.RegexValidator('^[^\\s,\\x00-\\x1f\\x7f](?:[^,\\x00-\\x1f\\x7f]*[^\\s,\\x00-\\x1f\\x7f])?$', 'This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.')], verbose_name='model id')),
                ('display_name', models.CharField(blank=True, help_text='The name on pages, e.g. Claude Opus 4.8. Leave empty to show the id.', max_length=255)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], db_index=True, default='draft', help_text='A draft is only visible in this admin, even if channels offer it.', max_length=16)),
                ('description', models.TextField(blank=True, help_text="Shown on the model's page. Leave empty for none.")),
                ('series', models.CharField(blank=True, db_index=True, help_text='The model family, e.g. gpt-4o.', max_length=64)),
                ('icon', models.CharField(blank=True, help_text="A lobe-icons name. Leave empty to use the vendor's icon.", max_length=128)),
                ('tags', catalog.db.fields.NamesField(blank=True, default=list, help_text='Separate tags with commas, e.g. Tools, 128K.')),
                ('context_length', models.PositiveBigIntegerField(blank=True, help_text='Number of tokens. Leave empty if unknown.', null=True)),
                ('max_output_tokens', models.PositiveBigIntegerField(blank=True, help_text='Number of tokens. Leave empty if unknown.', null=True)),
                ('input_modalities', catalog.db.fields.NamesField(blank=True, default=list, help_text='text, image, audio, video, pdf. Leave empty if unknown.')),
                ('output_modalities', catalog.db.fields.NamesField(blank=True, default=list, help_text='text, image, audio, video, embedding. Leave empty if unknown.')),
                ('capabilities', catalog.db.fields.NamesField(blank=True, default=list, help_text='For example tools, reasoning, vision, structured_outputs.')),
                ('version', models.CharField(blank=True, help_text="The vendor's own version name, e.g. 001. Shown to Gemini clients.", max_length=64)),
                ('default_parameters', catalog.db.fields.ExactJSONField(blank=True, default=dict, help_text='Default values of temperature, top_p, top_k and max_temperature, e.g. {"temperature": 1, "top_p": 0.95}. Shown to Gemini clients. Leave empty if unknown.', validators=[catalog.parameters.validate_parameters])),
                ('supported_endpoint_types', catalog.db.fields.NamesField(blank=True, default=list, help_text='All endpoint types that can serve the model, the preferred one first, e.g. anthropic, openai.')),
                ('public_endpoint_types', catalog.db.fields.NamesField(blank=True, help_text='The endpoint types that customers may call. Tick “same as supported” or enter any list.', null=True)),
                ('released_on', models.DateField(blank=True, help_text='Shown to clients as created. Leave empty if unknown.', null=True)),
                ('deprecated_on', models.DateField(blank=True, help_text='From this day (UTC) on, new users should choose another model.', null=True)),
                ('retires_on', models.DateField(blank=True, help_text='From this day (UTC) on, lists omit the model. Shown to clients as shutdown_date.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('successor', models.ForeignKey(blank=True, help_text='The model that replaces this one.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='predecessors', to='catalog.aimodel')),
                ('vendor', models.ForeignKey(help_text='The company that made the model.', on_delete=django.db.models.deletion.PROTECT, related_name='models', to='catalog.vendor')),
            ],
            options={
                'verbose_name': 'model',
            },
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('planned', 'Waiting for review'), ('stopped', 'Stopped by a guard'), ('applied', 'Applied'), ('discarded', 'Discarded'), ('rolled_back', 'Rolled back')], db_index=True, max_length=16)),
                ('options', catalog.db.fields.ExactJSONField(default=dict, help_text='The options of the import.')),
                ('report', catalog.db.fields.ExactJSONField(default=dict, help_text='The findings and the changes.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
                ('remark', models.TextField(blank=True, verbose_name='outcome')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('snapshot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='catalog.snapshot')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='catalog.source')),
            ],
            options={
                'verbose_name': 'import run',
            },
        ),
        migrations.CreateModel(
            name='HistoricalVendor',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('slug', models.SlugField(help_text='Lower case, shown to clients as owned_by, e.g. openai. Changing it may break clients.', max_length=64)),
                ('name', models.CharField(db_index=True, help_text='The name that customers see, e.g. OpenAI.', max_length=128)),
                ('aliases', catalog.db.fields.NamesField(blank=True, default=list, help_text='Other spellings in imported documents, separated by commas, e.g. 快手, kling.')),
                ('icon', models.CharField(blank=True, help_text='A lobe-icons name such as Claude.Color. Leave empty for no icon.', max_length=128)),
                ('description', models.TextField(blank=True, help_text='Part of the price list, /api/pricing. Leave empty for none.')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical vendor',
                'verbose_name_plural': 'historical vendors',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalSource',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('slug', models.SlugField(help_text='The name in commands, e.g. litellm or our-upstream.', max_length=64)),
                ('name', models.CharField(help_text="The name for operators, e.g. LiteLLM's cost map.", max_length=128)),
                ('kind', models.CharField(choices=[('list', 'List prices of vendors'), ('sell', "A gateway's own price list")], default='list', help_text="Whether its prices are vendors' list prices or a gateway's.", max_length=8)),
                ('url', models.URLField(blank=True, help_text='The address from which the document is fetched by default.', verbose_name='URL')),
                ('note', models.TextField(blank=True, help_text='A note for operators.')),
                ('reader', models.CharField(blank=True, choices=catalog.models.source.readers, help_text='The format of the document. Leave empty if the slug is the name of a format.', max_length=64, verbose_name='read as')),
                ('trust', models.PositiveSmallIntegerField(choices=[(60, 'Your own files'), (50, "A channel's own upstream"), (40, "Vendors' own data"), (30, 'Curated by people'), (20, 'Collected from others'), (10, 'A starting point')], default=30, help_text='If two sources disagree, the more trusted one wins.')),
                ('sync', models.BooleanField(default=False, help_text='Whether the command sync_sources fetches it.', verbose_name='fetch regularly')),
                ('every_hours', models.PositiveIntegerField(default=24, help_text='Hours between two fetches: 24 for once a day, at least 1.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='every … hours')),
                ('policy', models.CharField(choices=[('review', 'Leave every plan to review'), ('apply_safe', 'Apply changes that no guard stops and that are not suspicious')], default='review', help_text='What happens with a plan after a fetch.', max_length=16)),
                ('prices_as', models.CharField(blank=True, choices=[('list', 'List prices'), ('sell', 'Sell prices'), ('cost', 'What we pay')], help_text='The role of the prices. Leave empty for the usual role of this format.', max_length=8)),
                ('channel', models.SlugField(blank=True, help_text='The channel that offers its models. Leave empty to offer them on no channel.', max_length=64)),
                ('group', models.SlugField(blank=True, help_text='The group that reaches the channel. Leave empty for the default group.', max_length=64)),
                ('only', catalog.db.fields.NamesField(blank=True, default=list, help_text='Import only ids that match, e.g. gpt-*, claude-*. Leave empty to import all.')),
                ('providers', catalog.db.fields.NamesField(blank=True, default=list, help_text="Import only these providers' offers. Leave empty to import the vendors' own offers.")),
                ('publish', models.BooleanField(default=False, help_text='Publish its models. If off, new models are drafts.')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical source',
                'verbose_name_plural': 'historical sources',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalOffer',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('enabled', models.BooleanField(default=True, help_text='If off, the model is not available on this channel.')),
                ('upstream_name', models.CharField(blank=True, help_text="The upstream's name of the model. Leave empty if it is the id.", max_length=255)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('channel', models.ForeignKey(blank=True, db_constraint=False, help_text='The channel that serves the model.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.channel')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, help_text='The model that groups of the channel can reach.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical offer',
                'verbose_name_plural': 'historical offers',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalModelAlias',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('name', models.CharField(db_index=True, help_text='Another id for the model, e.g. claude-opus-latest. Responses have the model id; lists omit aliases.', max_length=255, validators=[django.core.validators.RegexValidator('^[^\\s,\\x00-\\x1f\\x7f](?:[^,\\x00-\\x1f\\x7f]*[^\\s,\\x00-\\x1f\\x7f])?$', 'This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.')], verbose_name='alias')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical alias',
                'verbose_name_plural': 'historical aliases',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalFieldPin',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('field', models.CharField(choices=[('vendor', 'Vendor'), ('status', 'Status'), ('display_name', 'Display name'), ('description', 'Description'), ('series', 'Series'), ('icon', 'Icon'), ('tags', 'Tags'), ('context_length', 'Context length'), ('max_output_tokens', 'Max output tokens'), ('input_modalities', 'Input modalities'), ('output_modalities', 'Output modalities'), ('capabilities', 'Capabilities'), ('supported_endpoint_types', 'Supported endpoint types'), ('public_endpoint_types', 'Public endpoint types'), ('version', 'Version'), ('default_parameters', 'Default parameters'), ('released_on', 'Released on'), ('deprecated_on', 'Deprecated on'), ('retires_on', 'Retires on'), ('successor', 'Successor'), ('list_price', 'List price'), ('sell_price', 'Sell price'), ('cost_price', 'Cost price')], help_text='The field that imports leave unchanged.', max_length=32)),
                ('reason', models.CharField(help_text='Why the field is pinned, for other operators.', max_length=255)),
                ('created_at', models.DateTimeField(blank=True, editable=False, verbose_name='since')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('author', models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical pinned field',
                'verbose_name_plural': 'historical pinned fields',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalEndpointType',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('name', models.CharField(db_index=True, help_text='The name that clients use, e.g. openai or anthropic.', max_length=64, validators=[django.core.validators.RegexValidator('^(?!path$|method$)[a-z0-9][a-z0-9-]*$', 'This is not a valid name: use lower-case letters, digits and dashes, e.g. openai-response.')])),
                ('path', models.CharField(help_text="The gateway's path for it, e.g. /v1/chat/completions. {model} is replaced by the model id.", max_length=255, validators=[django.core.validators.RegexValidator('^/', 'This is not a valid path: start it with a slash.')])),
                ('method', models.CharField(choices=[('GET', 'Get'), ('POST', 'Post')], default='POST', max_length=8)),
                ('label', models.CharField(blank=True, help_text='A short description.', max_length=128)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical endpoint type',
                'verbose_name_plural': 'historical endpoint types',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalChannel',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('slug', models.SlugField(help_text='The name in commands, e.g. azure-east.', max_length=64)),
                ('name', models.CharField(help_text='The name for operators. Customers never see it.', max_length=128)),
                ('enabled', models.BooleanField(db_index=True, default=True, help_text='If off, no model is listed because of this channel.')),
                ('base_url', models.URLField(blank=True, help_text='The address of the upstream, as a note for operators: this service never calls it.', validators=[catalog.models.channel.refuse_credentials], verbose_name='base URL')),
                ('priority', models.IntegerField(default=0, help_text='Gateways that read this catalog try channels with a higher priority first.')),
                ('weight', models.PositiveIntegerField(default=0, help_text='The share of requests among channels with the same priority.')),
                ('note', models.TextField(blank=True, help_text='A note for operators. Customers never see it.')),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
            ],
            options={
                'verbose_name': 'historical channel',
                'verbose_name_plural': 'historical channels',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ModelAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Another id for the model, e.g. claude-opus-latest. Responses have the model id; lists omit aliases.', max_length=255, unique=True, validators=[django.core.validators.RegexValidator('^[^\\s,\\x00-\\x1f\\x7f](?:[^,\\x00-\\x1f\\x7f]*[^\\s,\\x00-\\x1f\\x7f])?$', 'This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.')], verbose_name='alias')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='catalog.aimodel')),
            ],
            options={
                'verbose_name': 'alias',
                'verbose_name_plural': 'aliases',
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(default=0)),
                ('permissions', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='catalog_revision_one_row')],
            },
        ),
        migrations.AddField(
            model_name='snapshot',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='catalog.source'),
        ),
        migrations.CreateModel(
            name='FieldPin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(choices=[('vendor', 'Vendor'), ('status', 'Status'), ('display_name', 'Display name'), ('description', 'Description'), ('series', 'Series'), ('icon', 'Icon'), ('tags', 'Tags'), ('context_length', 'Context length'), ('max_output_tokens', 'Max output tokens'), ('input_modalities', 'Input modalities'), ('output_modalities', 'Output modalities'), ('capabilities', 'Capabilities'), ('supported_endpoint_types', 'Supported endpoint types'), ('public_endpoint_types', 'Public endpoint types'), ('version', 'Version'), ('default_parameters', 'Default parameters'), ('released_on', 'Released on'), ('deprecated_on', 'Deprecated on'), ('retires_on', 'Retires on'), ('successor', 'Successor'), ('list_price', 'List price'), ('sell_price', 'Sell price'), ('cost_price', 'Cost price')], help_text='The field that imports leave unchanged.', max_length=32)),
                ('reason', models.CharField(help_text='Why the field is pinned, for other operators.', max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='since')),
                ('upstream', catalog.db.fields.ExactJSONField(blank=True, editable=False, null=True)),
                ('upstream_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('author', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pins', to='catalog.aimodel')),
                ('upstream_source', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.source')),
            ],
            options={
                'verbose_name': 'pinned field',
            },
        ),
        migrations.CreateModel(
            name='HistoricalAIModel',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_id', models.CharField(blank=True, default=catalog.request_id.current_request_id, max_length=64)),
                ('name', models.CharField(db_index=True, help_text='The id that clients send as model, e.g. gpt-4o or anthropic/claude-sonnet-4-5. Case-sensitive.', max_length=255, validators=[django.core.validators.RegexValidator('^[^\\s,\\x00-\\x1f\\x7f](?:[^,\\x00-\\x1f\\x7f]*[^\\s,\\x00-\\x1f\\x7f])?$', 'This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.')], verbose_name='model id')),
                ('display_name', models.CharField(blank=True, help_text='The name on pages, e.g. Claude Opus 4.8. Leave empty to show the id.', max_length=255)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], db_index=True, default='draft', help_text='A draft is only visible in this admin, even if channels offer it.', max_length=16)),
                ('description', models.TextField(blank=True, help_text="Shown on the model's page. Leave empty for none.")),
                ('series', models.CharField(blank=True, db_index=True, help_text='The model family, e.g. gpt-4o.', max_length=64)),
                ('icon', models.CharField(blank=True, help_text="A lobe-icons name. Leave empty to use the vendor's icon.", max_length=128)),
                ('tags', catalog.db.fields.NamesField(blank=True, default=list, help_text='Separate tags with commas, e.g. Tools, 128K.')),
                ('context_length', models.PositiveBigIntegerField(blank=True, help_text='Number of tokens. Leave empty if unknown.', null=True)),
                ('max_output_tokens', models.PositiveBigIntegerField(blank=True, help_text='Number of tokens. Leave empty if unknown.', null=True)),
                ('input_modalities', catalog.db.fields.NamesField(blank=True, default=list, help_text='text, image, audio, video, pdf. Leave empty if unknown.')),
                ('output_modalities', catalog.db.fields.NamesField(blank=True, default=list, help_text='text, image, audio, video, embedding. Leave empty if unknown.')),
                ('capabilities', catalog.db.fields.NamesField(blank=True, default=list, help_text='For example tools, reasoning, vision, structured_outputs.')),
                ('version', models.CharField(blank=True, help_text="The vendor's own version name, e.g. 001. Shown to Gemini clients.", max_length=64)),
                ('default_parameters', catalog.db.fields.ExactJSONField(blank=True, default=dict, help_text='Default values of temperature, top_p, top_k and max_temperature, e.g. {"temperature": 1, "top_p": 0.95}. Shown to Gemini clients. Leave empty if unknown.', validators=[catalog.parameters.validate_parameters])),
                ('supported_endpoint_types', catalog.db.fields.NamesField(blank=True, default=list, help_text='All endpoint types that can serve the model, the preferred one first, e.g. anthropic, openai.')),
                ('public_endpoint_types', catalog.db.fields.NamesField(blank=True, help_text='The endpoint types that customers may call. Tick “same as supported” or enter any list.', null=True)),
                ('released_on', models.DateField(blank=True, help_text='Shown to clients as created. Leave empty if unknown.', null=True)),
                ('deprecated_on', models.DateField(blank=True, help_text='From this day (UTC) on, new users should choose another model.', null=True)),
                ('retires_on', models.DateField(blank=True, help_text='From this day (UTC) on, lists omit the model. Shown to clients as shutdown_date.', null=True)),
                ('created_at', models.DateTimeField(blank=True, editable=False)),
                ('updated_at', models.DateTimeField(blank=True, editable=False)),
                ('history_change_reason', models.TextField(blank=True, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('successor', models.ForeignKey(blank=True, db_constraint=False, help_text='The model that replaces this one.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.aimodel')),
                ('run', models.ForeignKey(blank=True, default=catalog.db.import_context.current_run, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.importrun')),
                ('vendor', models.ForeignKey(blank=True, db_constraint=False, help_text='The company that made the model.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.vendor')),
            ],
            options={
                'verbose_name': 'historical model',
                'verbose_name_plural': 'historical models',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('enabled', models.BooleanField(default=True, help_text='If off, the model is not available on this channel.')),
                ('upstream_name', models.CharField(blank=True, help_text="The upstream's name of the model. Leave empty if it is the id.", max_length=255)),
                ('channel', models.ForeignKey(help_text='The channel that serves the model.', on_delete=django.db.models.deletion.CASCADE, related_name='offers', to='catalog.channel')),
                ('model', models.ForeignKey(help_text='The model that groups of the channel can reach.', on_delete=django.db.models.deletion.CASCADE, related_name='offers', to='catalog.aimodel')),
            ],
            options={
                'verbose_name': 'offer',
                'constraints': [models.UniqueConstraint(fields=('channel', 'model'), name='catalog_offer_once_a_channel')],
            },
        ),
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(fields=('source', 'sha256'), name='catalog_snapshot_once_a_source'),
        ),
        migrations.AddConstraint(
            model_name='fieldpin',
            constraint=models.UniqueConstraint(fields=('model', 'field'), name='catalog_pin_once_a_field'),
        ),
        migrations.AddConstraint(
            model_name='aimodel',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='catalog_model_named'),
        ),
        migrations.AddConstraint(
            model_name='aimodel',
            constraint=models.CheckConstraint(condition=models.Q(('deprecated_on', None), ('retires_on', None), ('retires_on__gte', models.F('deprecated_on')), _connector='OR'), name='catalog_model_retires_after_deprecation', violation_error_message='A model cannot retire before it is deprecated.'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
