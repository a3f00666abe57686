"""Deny lists that were typed with other separators than commas, or in full width, denied nothing: they do now.

Allow lists stay: a key must not see more after an upgrade. `check_catalog` reports their patterns (dead-pattern).
"""

import re

from django.db import migrations

SEPARATORS = ",;\uff0c\uff1b\u3001\uff64\ufe50\ufe51\ufe54\ufe10\ufe11\ufe14\n\r\u2028\u2029"
SEPARATOR = re.compile(f"[{SEPARATORS}]")
WIDTH = 0xFEE0
ORDINARY = str.maketrans(
    {chr(number + WIDTH): chr(number) for number in range(0x21, 0x7F) if chr(number).isalnum() or chr(number) in "*-_./+@#$%&<>="}
    | {"\u3000": " "}
)
SELECTOR = re.compile(r"\s*(vendor|series|tag|endpoint|modality|capability|price)\s*：\s*")
LITERAL = re.compile(r"\s*id\s*：\s*")


def ordinary(text):
    """The pattern in its ordinary width; what follows `id:` is part of the id."""
    if text.startswith("id:"):
        return text
    literal = LITERAL.match(text)
    return "id:" + text[literal.end():].strip() if literal else SELECTOR.sub(r"\1:", text.translate(ORDINARY), count=1).strip()


def split(apps, schema_editor):
    token = apps.get_model("tokens", "Token")
    tables = [apps.get_model("catalog", name) for name in ("AIModel", "ModelAlias")]

    def is_id(pattern):
        return any(table.objects.filter(name=pattern).exists() for table in tables)

    def changed(patterns, *, splits):
        for pattern in patterns:
            parts = [ordinary(part) for part in SEPARATOR.split(pattern)] if not pattern.startswith("id:") else [pattern]
            if parts == [pattern]:
                yield pattern
            elif is_id(pattern):
                yield f"id:{pattern}"
            elif splits:
                yield from filter(None, parts)
            else:
                yield pattern

    for key, allow, deny in token.objects.values_list("pk", "allow", "deny").iterator(chunk_size=2000):
        lists = {"allow": allow, "deny": deny}
        written = {
            field: list(dict.fromkeys(changed(patterns, splits=field == "deny")))
            for field, patterns in lists.items()
            if isinstance(patterns, list) and all(isinstance(pattern, str) for pattern in patterns)
        }
        different = {field: patterns for field, patterns in written.items() if patterns != lists[field]}
        if different:
            token.objects.filter(pk=key).update(**different)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0014_name_groups_freely'),
        ('tokens', '0009_name_groups_freely'),
    ]

    operations = [
        migrations.RunPython(split, migrations.RunPython.noop, elidable=True),
    ]
