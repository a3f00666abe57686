"""A discount for all models states it; those without a target were for all models, and remain so."""

from django.db import migrations, models


def state_all_models(apps, schema_editor):
    for name in ("DiscountRule", "HistoricalDiscountRule"):
        rules = apps.get_model("pricing", name).objects
        rules.filter(model=None, series="", vendor=None).update(all_models=True)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0015_name_vendors_in_any_letters'),
        ('pricing', '0005_store_usage_events'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='discountrule',
            name='pricing_discount_one_target',
        ),
        migrations.AddField(
            model_name='discountrule',
            name='all_models',
            field=models.BooleanField(default=False, help_text='Whether the rule applies to every model that has no more specific rule. Leave off to choose a model, a series or a vendor.'),
        ),
        migrations.AddField(
            model_name='historicaldiscountrule',
            name='all_models',
            field=models.BooleanField(default=False, help_text='Whether the rule applies to every model that has no more specific rule. Leave off to choose a model, a series or a vendor.'),
        ),
        migrations.RunPython(state_all_models, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='discountrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('all_models', True), ('model', None), ('series', ''), ('vendor', None)), models.Q(('all_models', False), ('model__isnull', False), ('series', ''), ('vendor', None)), models.Q(('all_models', False), ('model', None), ('series', ''), ('vendor__isnull', False)), models.Q(('all_models', False), ('model', None), ('vendor', None), models.Q(('series', ''), _negated=True)), _connector='OR'), name='pricing_discount_one_target', violation_error_message='Choose one of model, series and vendor, or all models.'),
        ),
    ]
