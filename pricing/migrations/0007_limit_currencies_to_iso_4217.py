"""The currencies of prices and rates are those of ISO 4217; stored rows stay."""

import pricing.engine.money
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pricing', '0006_choose_all_models_for_discounts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='currencyrate',
            name='currency',
            field=models.CharField(help_text='ISO 4217, e.g. CNY.', max_length=3, validators=[pricing.engine.money.validate_currency]),
        ),
        migrations.AlterField(
            model_name='historicalcurrencyrate',
            name='currency',
            field=models.CharField(help_text='ISO 4217, e.g. CNY.', max_length=3, validators=[pricing.engine.money.validate_currency]),
        ),
        migrations.AlterField(
            model_name='historicalpricesheet',
            name='currency',
            field=models.CharField(default='USD', help_text='The currency code (ISO 4217), e.g. USD or CNY.', max_length=3, validators=[pricing.engine.money.validate_currency]),
        ),
        migrations.AlterField(
            model_name='pricesheet',
            name='currency',
            field=models.CharField(default='USD', help_text='The currency code (ISO 4217), e.g. USD or CNY.', max_length=3, validators=[pricing.engine.money.validate_currency]),
        ),
    ]
