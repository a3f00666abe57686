"""The catalog page and the price list find the same models: their filters are one rule in two forms."""

import random
from dataclasses import replace

import pytest
import time_machine
from django.test import Client
from django.utils.http import urlencode

from tests.pricing.pages import shop
from tests.sizes import size
from tests.tokens.access import filter_oracle as lists

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

# Filter of the page -> the parameter of the price list, and what it puts before the word.
PARAMETERS = {
    "vendor": ("vendor", ""),
    "endpoint": ("endpoint", ""),
    "capability": ("capability", ""),
    "input": ("modality", "input-"),
    "output": ("modality", "output-"),
    "context": ("min_context", ""),
    "price": ("max_price", ""),
}
WORDS = {
    "vendor": ("acme", "zai"),
    "endpoint": lists.ENDPOINTS,
    "capability": lists.CAPABILITIES,
    "input": lists.INPUTS,
    "output": lists.OUTPUTS,
    "context": ("1", "1000", "128001"),
    "price": ("0", "0.6", "1.50", "3.75"),
}


def test_a_page_lists_what_the_price_list_has(client: Client) -> None:
    dice = random.Random(7)  # noqa: S311
    with time_machine.travel(lists.NOW, tick=False):
        # Pages have no rows of aliases.
        lists.store([replace(model, alias="") for model in lists.random_models(dice)])
        for _ in range(size(12, full=200)):
            chosen = {name: dice.choice(words) for name, words in WORDS.items() if dice.random() < 0.3}
            of_list = [(PARAMETERS[name][0], PARAMETERS[name][1] + word) for name, word in chosen.items()]

            page = shop.listed_on_all_pages(client, f"/?{urlencode(chosen)}")
            rows = client.get(f"/api/pricing?unpriced=rows&{urlencode(of_list)}").json()["data"]

            assert sorted(page) == sorted(row["model_name"] for row in rows), chosen
