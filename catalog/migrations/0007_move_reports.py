"""Compresses the reports of all runs, and moves the names out of them: most runs of a source list the same ones."""

import gzip
import hashlib

from django.db import migrations

from catalog.exact import read_json, write_json

RUNS_AT_ONCE = 50


def pack(apps, schema_editor):
    name_lists, stored = apps.get_model('catalog', 'NameList').objects.using(schema_editor.connection.alias), {}
    for run in runs(apps, schema_editor, 'pk', 'source_id', 'report'):
        listed = run.report.pop('listed', None)
        if listed is not None:
            content = write_json(listed)
            key = run.source_id, hashlib.sha256(content).hexdigest()
            if key not in stored:
                packed = gzip.compress(content, mtime=0)
                values = {'size': len(content), 'packed': packed}
                stored[key] = name_lists.get_or_create(source_id=key[0], sha256=key[1], defaults=values)[0].pk
            run.names_id = stored[key]
        run.packed_report, run.report = run.report, {}
        yield run


def unpack(apps, schema_editor):
    for run in runs(apps, schema_editor, 'pk', 'source_id', 'packed_report', 'names_id'):
        listed = {} if run.names_id is None else {'listed': read_json(content_of(run.names))}
        run.report, run.packed_report, run.names_id = {**run.packed_report, **listed}, {}, None
        yield run


def content_of(row):
    if row.base is None:
        return gzip.decompress(bytes(row.packed))
    # Lists that were stored since are differences.
    from catalog.db.differences import apply_difference

    return apply_difference(content_of(row.base), bytes(row.packed), size=row.size)


def runs(apps, schema_editor, *columns):
    """All runs, a batch at a time: their reports together may be gigabytes."""
    rows, last = apps.get_model('catalog', 'ImportRun').objects.using(schema_editor.connection.alias), 0
    while batch := list(rows.filter(pk__gt=last).order_by('pk').only(*columns)[:RUNS_AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def save_all(changed):
    def save(apps, schema_editor):
        for run in changed(apps, schema_editor):
            run.save(update_fields=['report', 'packed_report', 'names'])

    return save


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0006_store_differences'),
    ]

    operations = [
        migrations.RunPython(save_all(pack), save_all(unpack)),
    ]
