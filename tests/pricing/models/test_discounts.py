"""A discount for all models states that it is for all models."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from pricing.models import DiscountRule
from tests import world

pytestmark = pytest.mark.django_db

MIGRATION = import_module("pricing.migrations.0006_choose_all_models_for_discounts")


def test_a_rule_without_a_target_is_refused() -> None:
    with pytest.raises(ValidationError, match="Choose one of model, series and vendor, or all models"):
        DiscountRule(multiplier="0.01", starts_at=timezone.now()).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        DiscountRule.objects.create(multiplier="0.01")


def test_a_rule_for_all_models_has_no_other_target() -> None:
    for target in ({"model": world.model("m")}, {"vendor": world.vendor("openai")}, {"series": "s"}):
        with pytest.raises(ValidationError, match="Choose one of"):
            DiscountRule(all_models=True, multiplier="0.5", **target).full_clean()


@pytest.mark.parametrize("multiplier", ["0", "-1", "1000.1", "2000000"])
def test_a_multiplier_is_limited_however_the_rule_is_entered(multiplier: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DiscountRule(all_models=True, multiplier=multiplier, starts_at=timezone.now()).full_clean()
    assert caught.value.message_dict == {"multiplier": ["The multiplier must be more than 0 and at most 1000."]}


def test_earlier_rules_without_a_target_are_for_all_models() -> None:
    rules = [
        DiscountRule.objects.create(all_models=True, multiplier="0.5"),
        DiscountRule.objects.create(series="s", multiplier="0.5"),
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE pricing_discountrule DROP CONSTRAINT pricing_discount_one_target")
        try:
            DiscountRule.objects.update(all_models=False)
            DiscountRule.history.update(all_models=False)
            MIGRATION.state_all_models(apps, None)
        finally:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")

    assert [DiscountRule.objects.get(pk=rule.pk).all_models for rule in rules] == [True, False]
    assert [rule.history.get().all_models for rule in rules] == [True, False]
