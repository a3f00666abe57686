"""Patterns may compare prices and limits. A stored pattern that has meant a model id keeps this meaning as `id:…`."""

import re

import catalog.db.fields
import tokens.scope
from django.db import migrations

# What was the id of a model, and is not any more.
NEW = re.compile(
    r"free|capability:.*|(?:context|max_output)(?:<=|<|>=|>)[0-9]{1,15}|price:[a-z_.]+(?:<=|<|>=|>)[0-9.]+", re.DOTALL
)


def keep_meaning(apps, schema_editor):
    token, model, alias = (
        apps.get_model("tokens", "Token"),
        apps.get_model("catalog", "AIModel"),
        apps.get_model("catalog", "ModelAlias"),
    )
    names = None

    def renamed(patterns):
        nonlocal names
        for pattern in patterns:
            if not isinstance(pattern, str) or not NEW.fullmatch(pattern):
                yield pattern
            elif "*" not in pattern:
                yield f"id:{pattern}"
            else:
                if names is None:
                    names = [*model.objects.values_list("name", flat=True), *alias.objects.values_list("name", flat=True)]
                expression = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
                yield from (f"id:{name}" for name in names if expression.fullmatch(name))

    for key, allow, deny in token.objects.values_list("pk", "allow", "deny").iterator(chunk_size=2000):
        lists = {"allow": allow, "deny": deny}
        changed = {
            field: list(renamed(patterns))
            for field, patterns in lists.items()
            if isinstance(patterns, list) and any(isinstance(text, str) and NEW.fullmatch(text) for text in patterns)
        }
        if changed:
            token.objects.filter(pk=key).update(**changed)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
        ('tokens', '0006_remember_peppers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicaltoken',
            name='allow',
            field=catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns]),
        ),
        migrations.AlterField(
            model_name='historicaltoken',
            name='deny',
            field=catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow. A comparison also denies the models whose figure is unknown. Leave empty to deny none.', validators=[tokens.scope.validate_patterns]),
        ),
        migrations.AlterField(
            model_name='token',
            name='allow',
            field=catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns]),
        ),
        migrations.AlterField(
            model_name='token',
            name='deny',
            field=catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow. A comparison also denies the models whose figure is unknown. Leave empty to deny none.', validators=[tokens.scope.validate_patterns]),
        ),
        migrations.RunPython(keep_meaning, migrations.RunPython.noop, elidable=True),
    ]
