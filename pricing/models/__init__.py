"""The tables of prices, discounts, rates and usage."""

from pricing.models.discounts import DiscountRule, DiscountRuleQuerySet
from pricing.models.rates import CurrencyRate, CurrencyRateQuerySet, GroupRate, GroupRateQuerySet
from pricing.models.sheets import PriceLine, PriceSheet, PriceSheetQuerySet
from pricing.models.usage import PopularModel, UsageCount, UsageReporter

__all__ = [
    "CurrencyRate",
    "CurrencyRateQuerySet",
    "DiscountRule",
    "DiscountRuleQuerySet",
    "GroupRate",
    "GroupRateQuerySet",
    "PopularModel",
    "PriceLine",
    "PriceSheet",
    "PriceSheetQuerySet",
    "UsageCount",
    "UsageReporter",
]
