import tokens.models.metadata
from django.db import migrations

HELP = (
    'What your own programs store with it, a JSON object, e.g. {"customer": 42}. The holder of the key never sees it. '
    "Leave empty for none."
)


class Migration(migrations.Migration):
    """The column keeps a default in the database: Django's own operation copies each table on SQLite."""

    dependencies = [
        ('tokens', '0013_name_actors'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"ALTER TABLE {table} ADD COLUMN metadata text NOT NULL DEFAULT '{{}}'",
                    f"ALTER TABLE {table} DROP COLUMN metadata",
                )
                for table in ('tokens_token', 'tokens_historicaltoken')
            ],
            state_operations=[
                migrations.AddField(
                    model_name=name,
                    name='metadata',
                    field=tokens.models.metadata.MetadataField(blank=True, default=dict, help_text=HELP),
                )
                for name in ('token', 'historicaltoken')
            ],
        ),
    ]
