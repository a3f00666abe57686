"""Every list is exported as CSV: the filtered rows, the displayed columns, exact numbers, nothing that runs."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client

from catalog.models import AIModel, Vendor
from pricing.models import CurrencyRate
from tests import admin_world, world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

MODELS = "/admin/catalog/aimodel/export/"


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_every_list_is_exported(admin_client: Client) -> None:
    everything = admin_world.one_of_everything()

    for label, row in everything.items():
        answer = admin_client.get(f"/admin/{label.replace('.', '/')}/export/")

        assert answer.status_code == 200, label
        exported = rows_of(answer)
        assert str(row.pk) in [line["id"] for line in exported], label
        assert not [cell for line in exported for cell in line.values() if "<" in cell], label


def test_every_list_links_to_its_export(admin_client: Client) -> None:
    for model in admin.site._registry:
        place = f"/admin/{model._meta.label_lower.replace('.', '/')}/"
        assert f'href="{place}export/?' in admin_client.get(place).content.decode(), place


def test_only_the_filtered_rows_are_in_it_in_their_order(admin_client: Client) -> None:
    for name in ("gpt-1", "gpt-2", "other"):
        world.model(name)
    world.model("gpt-draft", status="draft")

    listed = admin_client.get("/admin/catalog/aimodel/?q=gpt&status__exact=published&o=-1")
    exported = rows_of(admin_client.get(f"{MODELS}?q=gpt&status__exact=published&o=-1&p=7"))

    assert f'href="{MODELS}?o=-1&amp;q=gpt&amp;status__exact=published"' in listed.content.decode()
    assert [line["name"] for line in exported] == ["gpt-2", "gpt-1"]
    assert [line["Status"] for line in exported] == ["Published"] * 2
    assert [line["Channels"] for line in exported] == ["1"] * 2
    assert admin_client.get(f"{MODELS}?nothing=1")["Location"] == "/admin/catalog/aimodel/?e=1"


def test_texts_cannot_run_as_formulas_and_numbers_are_exact(admin_client: Client) -> None:
    Vendor.objects.create(name='=HYPERLINK("http://x")', slug="evil")
    rate = CurrencyRate.objects.create(currency="CNY", per_usd=Decimal("7.123456789012"), as_of="2026-01-01")

    vendors = rows_of(admin_client.get("/admin/catalog/vendor/export/"))
    rates = rows_of(admin_client.get("/admin/pricing/currencyrate/export/"))

    assert '\'=HYPERLINK("http://x")' in [line["name"] for line in vendors]
    assert "7.123456789012" in rates[0].values()
    assert rates[0]["id"] == str(rate.pk)


def test_a_figure_of_a_table_is_only_for_those_who_may_view_it(client: Client, django_user_model: Any) -> None:
    world.price(world.model(), input="2.5", output="10")
    person = django_user_model.objects.create_user("somebody", is_staff=True)
    client.force_login(person)
    assert client.get(MODELS).status_code == 403

    person.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    assert not {"Price (input / output)", "Channels"} & rows_of(client.get(MODELS))[0].keys()
    person.user_permissions.add(Permission.objects.get(codename="view_pricesheet"))
    assert "2.5" in rows_of(client.get(MODELS))[0]["Price (input / output)"]


def test_names_of_tokens_in_calls_need_a_permission(client: Client, django_user_model: Any) -> None:
    """The answer is sent after the request has ended, when nobody is signed in any more."""
    admin_world.usage_event(world.model(), world.token(name="Acme")[0])
    person = django_user_model.objects.create_user("somebody", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_usageevent"))
    client.force_login(person)

    listed = client.get("/admin/pricing/usageevent/").content.decode()
    exported = str(rows_of(client.get("/admin/pricing/usageevent/export/")))

    assert ("Acme" in listed, "Acme" in exported) == (False, False)


def test_many_rows_need_few_queries(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    vendor = world.vendor()
    AIModel.objects.bulk_create([AIModel(name=f"m{number:04}", vendor=vendor) for number in range(1200)])

    with django_assert_max_num_queries(20):
        exported = rows_of(admin_client.get(MODELS))

    assert len(exported) == 1200
