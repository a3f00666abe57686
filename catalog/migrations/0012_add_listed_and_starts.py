"""Models can be left out of lists and start later, and aliases can be listed."""

import django.core.validators
from django.db import migrations, models
from django.utils import timezone


def refuse_models_ahead(apps, schema_editor):
    """The earlier version knows no starts: it would show and allow these models at once."""
    models = apps.get_model("catalog", "AIModel").objects.filter(status="published", starts_at__gt=timezone.now())
    names = list(models.order_by("name").values_list("name", flat=True))
    if names:
        raise RuntimeError(
            f"These models have not started, and the earlier version would show them: {', '.join(names[:20])}"
            f"{' …' if len(names) > 20 else ''}. Return them to draft first."
        )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0011_add_epochs'),
    ]

    operations = [
        migrations.AddField(
            model_name='aimodel',
            name='listed',
            field=models.BooleanField(default=True, help_text='If off, lists of models leave the model out: those of the API and of Codex, and the exports that programs read as lists. Keys of its groups still call it, and get it by its id.'),
        ),
        migrations.AddField(
            model_name='aimodel',
            name='starts_at',
            field=models.DateTimeField(blank=True, help_text='Before this time, the model does not exist for callers: no list has it, and no call is allowed. A release can state another start for a group. Leave empty to start at once.', null=True),
        ),
        migrations.AddField(
            model_name='historicalaimodel',
            name='listed',
            field=models.BooleanField(default=True, help_text='If off, lists of models leave the model out: those of the API and of Codex, and the exports that programs read as lists. Keys of its groups still call it, and get it by its id.'),
        ),
        migrations.AddField(
            model_name='historicalaimodel',
            name='starts_at',
            field=models.DateTimeField(blank=True, help_text='Before this time, the model does not exist for callers: no list has it, and no call is allowed. A release can state another start for a group. Leave empty to start at once.', null=True),
        ),
        migrations.AddField(
            model_name='historicalmodelalias',
            name='listed',
            field=models.BooleanField(default=False, help_text='If on, lists of models have a row of its own with this id, and with everything else of the model.'),
        ),
        migrations.AddField(
            model_name='modelalias',
            name='listed',
            field=models.BooleanField(default=False, help_text='If on, lists of models have a row of its own with this id, and with everything else of the model.'),
        ),
        migrations.AlterField(
            model_name='fieldpin',
            name='field',
            field=models.CharField(choices=[('vendor', 'Vendor'), ('status', 'Status'), ('in_price_list', 'In price list'), ('listed', 'Listed'), ('display_name', 'Display name'), ('description', 'Description'), ('series', 'Series'), ('icon', 'Icon'), ('tags', 'Tags'), ('context_length', 'Context length'), ('max_input_tokens', 'Max input tokens'), ('max_output_tokens', 'Max output tokens'), ('input_modalities', 'Input modalities'), ('output_modalities', 'Output modalities'), ('capabilities', 'Capabilities'), ('supported_endpoint_types', 'Supported endpoint types'), ('public_endpoint_types', 'Public endpoint types'), ('version', 'Version'), ('default_parameters', 'Default parameters'), ('starts_at', 'Starts at'), ('released_on', 'Released on'), ('deprecated_on', 'Deprecated on'), ('retires_on', 'Retires on'), ('successor', 'Successor'), ('list_price', 'List price'), ('sell_price', 'Sell price'), ('cost_price', 'Cost price')], help_text='The field that imports leave unchanged.', max_length=32),
        ),
        migrations.AlterField(
            model_name='historicalfieldpin',
            name='field',
            field=models.CharField(choices=[('vendor', 'Vendor'), ('status', 'Status'), ('in_price_list', 'In price list'), ('listed', 'Listed'), ('display_name', 'Display name'), ('description', 'Description'), ('series', 'Series'), ('icon', 'Icon'), ('tags', 'Tags'), ('context_length', 'Context length'), ('max_input_tokens', 'Max input tokens'), ('max_output_tokens', 'Max output tokens'), ('input_modalities', 'Input modalities'), ('output_modalities', 'Output modalities'), ('capabilities', 'Capabilities'), ('supported_endpoint_types', 'Supported endpoint types'), ('public_endpoint_types', 'Public endpoint types'), ('version', 'Version'), ('default_parameters', 'Default parameters'), ('starts_at', 'Starts at'), ('released_on', 'Released on'), ('deprecated_on', 'Deprecated on'), ('retires_on', 'Retires on'), ('successor', 'Successor'), ('list_price', 'List price'), ('sell_price', 'Sell price'), ('cost_price', 'Cost price')], help_text='The field that imports leave unchanged.', max_length=32),
        ),
        migrations.AlterField(
            model_name='historicalmodelalias',
            name='name',
            field=models.CharField(db_index=True, help_text='Another id for the model, e.g. claude-opus-latest. Other responses than lists have the model id.', max_length=255, validators=[django.core.validators.RegexValidator('^[^\\s,\\x00-\\x1f\\x7f](?:[^,\\x00-\\x1f\\x7f]*[^\\s,\\x00-\\x1f\\x7f])?$', 'This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.')], verbose_name='alias'),
        ),
        migrations.AlterField(
            model_name='modelalias',
            name='name',
            field=models.CharField(help_text='Another id for the model, e.g. claude-opus-latest. Other responses than lists have the model id.', max_length=255, unique=True, validators=[django.core.validators.RegexValidator('^[^\\s,\\x00-\\x1f\\x7f](?:[^,\\x00-\\x1f\\x7f]*[^\\s,\\x00-\\x1f\\x7f])?$', 'This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.')], verbose_name='alias'),
        ),
        migrations.AddIndex(
            model_name='aimodel',
            index=models.Index(condition=models.Q(('starts_at__isnull', False)), fields=['starts_at'], name='catalog_model_starts'),
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_models_ahead, elidable=True),
    ]
