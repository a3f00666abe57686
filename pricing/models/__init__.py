"""The tables of prices, discounts, rates, usage and spending, and the state of the worker."""

from pricing.models.budgets import Crossing
from pricing.models.discounts import DiscountRule, DiscountRuleQuerySet
from pricing.models.group_names import rename_group
from pricing.models.idempotency import StoredResponse
from pricing.models.rates import CurrencyRate, CurrencyRateQuerySet, GroupRate, GroupRateQuerySet
from pricing.models.sheets import PriceLine, PriceSheet, PriceSheetQuerySet
from pricing.models.spending import Spending
from pricing.models.usage import PopularModel, UsageCount, UsageEvent, UsageReporter
from pricing.models.worker import WorkerState

__all__ = [
    "Crossing",
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
    "Spending",
    "StoredResponse",
    "UsageCount",
    "UsageEvent",
    "UsageReporter",
    "WorkerState",
    "rename_group",
]
