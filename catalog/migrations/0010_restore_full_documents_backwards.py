"""Changes nothing; backwards, it stores all documents and lists of names in full, as earlier versions read them.

The bytes of pruned documents stay empty: earlier versions say of such a document that it cannot be unpacked.
"""

import gzip

from django.db import migrations

from catalog.db.differences import apply_difference


def store_in_full(apps, schema_editor):
    for name in ('Snapshot', 'NameList'):
        rows = apps.get_model('catalog', name).objects.using(schema_editor.connection.alias)
        # The documents together may be gigabytes.
        for key in list(rows.exclude(base=None).values_list('pk', flat=True)):
            row = rows.select_related('base').get(pk=key)
            content = apply_difference(gzip.decompress(bytes(row.base.packed)), bytes(row.packed), size=row.size)
            rows.filter(pk=key).update(packed=gzip.compress(content, mtime=0), base=None)
        rows.filter(packed=None).update(packed=b'')


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0009_add_prunings'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, store_in_full),
    ]
