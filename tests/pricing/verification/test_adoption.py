"""Adopting a figure of a book writes a new list sheet with that figure, and keeps everything else."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.models import AIModel
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.imports.rollback import roll_back
from pricing.models import PriceLine, PriceSheet
from pricing.published.prices import sheets_in_force
from pricing.verification.adoption import Adoption, adopt, find_adoption
from pricing.verification.books import newest_editions
from tests import world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db

LONG = "input_cost_per_token_above_200k_tokens"


@pytest.fixture(autouse=True)
def channel() -> None:
    world.channel("c")


@pytest.fixture
def operator() -> User:
    return User.objects.create_user("mia")


def adoption_of(label: str, reader: str = "models_dev") -> Adoption:
    model, now = AIModel.objects.get(name="gpt-5"), timezone.now()
    row = books.row_of(books.compare(), "gpt-5", label)
    return find_adoption(model, row.key.token, newest_editions([reader], at=now)[0], at=now)


def take(adoption: Adoption, operator: User, **more: Any) -> PriceSheet:
    return adopt(adoption, seen=adoption.fingerprint, at=timezone.now(), actor=operator, **more)


def lines(sheet: PriceSheet) -> dict[str, PriceLine]:
    return {f"{line.meter}{line.conditions or ''}": line for line in sheet.lines.order_by("position")}


def test_only_the_figure_changes(operator: User) -> None:
    run = books.store(
        "litellm", books.litellm(gpt_5={"input_cost_per_token": 2e-06, LONG: 4e-06, "output_cost_per_token": 1e-05})
    )
    book = books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))

    sheet = take(adoption_of("Input"), operator, reason="The vendor's page says so")

    before, after = lines(run.sheets.get()), lines(sheet)
    assert list(before) == list(after)
    assert (after["input"].amount, after["input"].per) == (3, 1_000_000)
    changed = {name for name in after if after[name].amount != before[name].amount}
    assert changed == {"input"}
    assert (sheet.role, sheet.author, sheet.reason) == ("list", operator, "The vendor's page says so")
    assert sheet.run is not None
    assert (sheet.run.snapshot, sheet.run.actor) == (book.snapshot, operator)
    assert after["output"].run == run
    assert books.row_of(books.compare("models_dev"), "gpt-5").state == "agrees"


def test_a_missing_figure_is_added_before_more_specific_ones(operator: User) -> None:
    books.store("litellm", books.litellm(gpt_5={"output_cost_per_token": 1e-05, "input_cost_per_token": 2e-06}))
    tiers = [{"input": 4, "tier": {"size": 200_000}}, {"input": 6, "tier": {"size": 400_000}}]
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2, "tiers": tiers}))

    take(adoption_of("Input, prompt above 400,000 tokens"), operator)
    sheet = take(adoption_of("Input, prompt above 200,000 tokens"), operator)

    amounts = [line.amount for line in sheet.lines.filter(meter="input").order_by("position")]
    assert amounts == [Decimal("0.000002"), 4, 6]


def test_an_adopted_price_of_a_batch_applies_to_long_prompts_too(operator: User) -> None:
    tiers = [{"input": 4, "tier": {"size": 200_000}}]
    books.store("models_dev", books.models_dev(gpt_5={"input": 2, "output": 10, "tiers": tiers}))
    prices = {"input_cost_per_token": 2e-06, "input_cost_per_token_batches": 1e-06, "output_cost_per_token": 1e-05}
    books.hold("litellm", books.litellm(gpt_5=prices))

    sheet = take(adoption_of("Input, service tier batch", "litellm"), operator)

    amounts = [line.amount for line in sheet.lines.filter(meter="input").order_by("position")]
    assert amounts == [2, 4, Decimal("0.000001")]


def test_later_documents_of_the_book_change_the_figure_and_other_sources_do_not(operator: User) -> None:
    books.store("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
    books.hold("litellm", books.litellm(gpt_5="2e-06"))
    take(adoption_of("Input", "litellm"), operator)

    document = books.models_dev(gpt_5={"input": 3.5, "output": 10})
    plan, _ = apply_import(document, Options(source=SOURCES["models_dev"]), at=timezone.now())
    assert list(plan.prices.withheld) == ["gpt-5"]
    books.store("litellm", books.litellm(gpt_5="2.2e-06"))

    now = PriceSheet.objects.in_force(at=timezone.now()).get(role="list")
    assert lines(now)["input"].amount == Decimal("0.0000022")


def test_a_persons_price_stays_a_persons(operator: User) -> None:
    world.price(world.model("gpt-5"), role="list", input="2.5")
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3}))

    sheet = take(adoption_of("Input"), operator)

    assert sheet.run is None
    assert sheet.author == operator
    assert sheet.reason.startswith("Adopted from models.dev, fetched ")


def test_a_rollback_of_the_run_restores_the_price(operator: User) -> None:
    books.store("litellm", books.litellm(gpt_5="2e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3}))
    sheet = take(adoption_of("Input"), operator)

    assert sheet.run is not None
    roll_back(sheet.run, at=timezone.now())

    assert books.row_of(books.compare("litellm"), "gpt-5").state == "agrees"


def test_nothing_is_written_if_the_price_has_changed_since(operator: User) -> None:
    books.store("litellm", books.litellm(gpt_5="2e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3}))
    adoption = adoption_of("Input")
    world.price(adoption.model, role="list", input="2.1", starts_at=timezone.now())

    with pytest.raises(InputError, match="has changed since you opened the page"):
        take(adoption, operator)

    assert PriceSheet.objects.count() == 2


def test_an_equal_figure_cannot_be_adopted() -> None:
    books.store("litellm", books.litellm(gpt_5="2e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2}))

    with pytest.raises(InputError, match="no longer states another figure"):
        adoption_of("Input")


def test_a_figure_in_another_currency_cannot_be_adopted() -> None:
    world.price(world.model("gpt-5"), role="list", input="2", currency="CNY")
    books.hold("models_dev", books.models_dev(gpt_5={"input": 0.28, "output": 0.42}))
    model, now = AIModel.objects.get(name="gpt-5"), timezone.now()
    edition = newest_editions(["models_dev"], at=now)[0]
    rows = [row for row in books.compare().rows if row.ours is None]
    assert [row.label for row in rows] == ["Input", "Output"]

    for row in rows:
        assert not row.can_adopt(row.cells["models_dev"])
        with pytest.raises(InputError, match="states the figure in USD, and the list price is in CNY"):
            find_adoption(model, row.key.token, edition, at=now)


def test_the_price_after_a_promotion_stays(operator: User) -> None:
    model, now = world.model("gpt-5"), timezone.now()
    world.price(model, role="list", input="10", output="10")
    promotion = world.price(model, role="list", input="2", output="10", starts_at=now - dt.timedelta(days=1))
    end = now + dt.timedelta(days=1)
    PriceSheet.objects.filter(pk=promotion.pk).update(ends_at=end)
    books.hold("models_dev", books.models_dev(gpt_5={"input": 1.9, "output": 10}))

    sheet = take(adoption_of("Input"), operator)

    assert sheet.ends_at == end
    later = sheets_in_force([model.pk], roles=["list"], at=end)[model.pk]["list"]
    assert later.lines[0].amount == Decimal(10)


def test_a_reason_is_stored_as_any_database_can(operator: User) -> None:
    books.store("litellm", books.litellm(gpt_5="2e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))

    sheet = take(adoption_of("Input"), operator, reason="Checked\x00" + "x" * 1000)

    assert sheet.reason == "Checked" + "x" * 248


def test_a_large_move_is_marked() -> None:
    books.store("litellm", books.litellm(gpt_5="2e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 9, "output": 11}))

    assert adoption_of("Input").is_large_move
    assert not adoption_of("Output").is_large_move
