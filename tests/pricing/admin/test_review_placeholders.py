"""A price that may be the placeholder for a missing one is shown in the review, and imported only if confirmed."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.exact import write_json
from catalog.models import AIModel, ImportRun, ModelAlias
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import save_plan
from pricing.models import PriceSheet
from tests import world
from tests.pricing.admin.test_import_review import decide, page_of, signed_in, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return signed_in(is_superuser=True)


def document(*names: str, **ratios: float) -> bytes:
    rows: list[dict[str, Any]] = [{"model_name": name, "quota_type": 0, "model_ratio": 37.5} for name in names]
    rows = [{**row, "completion_ratio": 2, **ratios} for row in rows]
    rows.append({"model_name": "gpt-sound", "quota_type": 0, "model_ratio": 1, "completion_ratio": 4})
    return write_json({"success": True, "data": rows})


def waiting(client: Client, content: bytes) -> ImportRun:
    answer = upload(client, content, source="new_api")
    assert answer.status_code == 302, answer.content.decode()
    return ImportRun.objects.waiting().get()


def priced() -> set[str]:
    return set(PriceSheet.objects.values_list("model__name", flat=True))


def shown(client: Client, run: ImportRun, view: str = "placeholders") -> str:
    return client.get(f"{page_of(run)}?show={view}").content.decode()


def test_placeholders_are_shown_and_confirmed_one_by_one(client: Client) -> None:
    run = waiting(client, document("gpt-4.5-preview", "gpt-5.6-terra", completion_ratio=2))

    text = shown(client, run)
    assert text.count('name="placeholder"') == 1
    assert "A price may be the placeholder that gateways show for a missing price. It is not imported." in text
    assert "Input $75.00 per million tokens" in text
    assert "not imported: may be the placeholder for a missing price" in text
    assert "gpt-sound" not in text.split("<table")[1].split("</table>")[0]
    assert "Applied to 3 models." in decide(client, run, apply="all", placeholder=["gpt-4.5-preview"])
    assert priced() == {"gpt-4.5-preview", "gpt-5.6-terra", "gpt-sound"}


def test_a_placeholder_that_is_not_confirmed_has_no_price(client: Client) -> None:
    decide(client, waiting(client, document("gpt-4.5-preview", "gpt-4-all")), apply="all")

    assert AIModel.objects.filter(name="gpt-4-all").exists()
    assert priced() == {"gpt-sound"}


def test_a_confirmed_model_is_selected_with_its_price(client: Client) -> None:
    run = waiting(client, document("gpt-4.5-preview", "gpt-4-gizmo-*", "gpt-4-gizmo-x"))

    decide(client, run, apply="ticked", model=[], placeholder=["gpt-4-gizmo-*"])

    assert priced() == {"gpt-4-gizmo-*"}
    rest = ImportRun.objects.waiting().get()
    assert rest.options["accept_placeholders"] == ["gpt-4-gizmo-[*]"]
    assert 'value="gpt-4-gizmo-x"' in shown(client, rest)


def test_a_document_with_nothing_but_placeholders_waits_for_the_person_who_uploaded_it(client: Client) -> None:
    decide(client, waiting(client, document("gpt-4.5-preview")), apply="all")
    options = Options(source=SOURCES["new_api"])
    assert save_plan(document("gpt-4.5-preview"), options, at=timezone.now())[1] is None

    run = waiting(client, document("gpt-4.5-preview"))

    assert "change nothing" in decide(client, run, apply="ticked", model=[])
    assert "Applied to 1 model." in decide(client, run, apply="all", placeholder=["gpt-4.5-preview"])
    assert priced() == {"gpt-4.5-preview", "gpt-sound"}
    upload(client, document("gpt-4.5-preview"), source="new_api")
    assert not ImportRun.objects.waiting().exists(), "the price that was confirmed is not asked for again"


def test_a_confirmed_price_may_be_far_from_the_current_one(client: Client) -> None:
    decide(client, waiting(client, document("gpt-4.5-preview", model_ratio=1)), apply="all")

    run = waiting(client, document("gpt-4.5-preview"))
    assert "Input $2.00 per million tokens" in shown(client, run)
    assert "Applied to 1 model." in decide(client, run, apply="all", placeholder=["gpt-4.5-preview"])

    assert PriceSheet.objects.filter(model__name="gpt-4.5-preview", lines__amount=75).exists()


def test_the_id_of_an_alias_is_confirmed_by_its_model(client: Client) -> None:
    ModelAlias.objects.create(name="gpt-4.5-preview", model=world.model("our-gpt"))

    run = waiting(client, document("gpt-4.5-preview"))
    decide(client, run, apply="all", placeholder=["our-gpt"])

    assert priced() == {"our-gpt", "gpt-sound"}
