"""Which group's price is shown is decided once: quotes, exports and pages name the same group."""

import json
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from catalog.db import revision
from catalog.exact import read_json
from catalog.prices import GROUP_RATE, MILLION, Line, Sheet
from pricing.export.offers import PricedModel, rendered_models
from pricing.pages.visitor import PublicGroups
from pricing.published.audience import apply_group_rate, choose_group
from pricing.published.rows import Reading
from tests import world
from tokens.access.visibility import public_scope
from tokens.auth.authentication import row_of, scope_of
from tokens.models import Token, TokenGroup


def priced_model(*, with_timeline: bool = False) -> PricedModel:
    """The only model of the public scope, as export formats get it."""
    models: list[PricedModel] = []

    def collect(model: PricedModel) -> bytes:
        models.append(model)
        return b""

    reading = Reading(public_scope(), timezone.now(), revision.read())
    rendered_models("test", reading, collect, with_timeline=with_timeline)
    (model,) = models
    return model


@pytest.mark.parametrize(
    ("slugs", "requested", "chosen"),
    [
        (["vip", "default", "basic"], "vip", "vip"),
        (["vip", "default", "basic"], "basic", "basic"),
        (["vip", "default", "basic"], "", "vip"),
        (["basic", "vip"], "hidden", "basic"),
        ([], "vip", None),
    ],
)
def test_the_requested_group_is_chosen_or_the_first_one(slugs: list[str], requested: str, chosen: str | None) -> None:
    assert choose_group(slugs, requested) == chosen


@pytest.mark.django_db
@pytest.mark.parametrize(("groups", "chosen"), [(["vip", "default", "basic"], "default"), (["vip", "basic"], "basic")])
def test_quotes_exports_and_pages_choose_the_same_group(client: Client, groups: list[str], chosen: str) -> None:
    TokenGroup.objects.all().delete()
    channel = world.channel(group=None)
    for place, slug in enumerate(groups, start=2):
        group = world.token_group(slug, is_public=True)
        group.channels.add(channel)
        world.rate(group, place)
    world.price(world.model("gpt-4o", on=channel), input="1")
    price = groups.index(chosen) + 2
    question = json.dumps({"model": "gpt-4o", "usage": {"input": 1_000_000}})

    quote = read_json(client.post("/api/pricing/quote", question, content_type="application/json").content)
    model = priced_model()

    assert (quote["group"], quote["amount"]) == (chosen, str(price))
    assert model.dollars is not None
    assert model.dollars.lines[0].amount == price
    assert PublicGroups.choose("").slug == chosen


@pytest.fixture
def rates() -> None:
    """Three groups that reach one model each at its own rate, and group svip alone another one."""
    TokenGroup.objects.all().delete()
    shared, other = world.channel("shared", group=None), world.channel("other", group=None)
    for rate, slug, position in ((2, "default", 3), (3, "svip", 1), (5, "vip", 2)):
        group = world.token_group(slug, auto_position=position)
        group.channels.add(shared)
        world.rate(group, rate)
    world.token_group("svip").channels.add(other)
    for name, channel in (("shared-model", shared), ("svip-model", other)):
        world.price(world.model(name, on=channel), input="1")


def paid(client: Client, key: str, model: str = "shared-model", **question: str) -> tuple[str, str]:
    """The group of a quote and what it pays for a million tokens."""
    body = {"model": model, "usage": {"input": 1_000_000}, **question}
    headers = {"authorization": f"Bearer {key}"}
    quote = client.post("/api/pricing/quote", body, content_type="application/json", headers=headers).json()
    return quote["group"], quote["amount"]


@pytest.mark.django_db
@pytest.mark.usefixtures("rates")
@pytest.mark.parametrize(
    ("groups", "first", "auto", "order"),
    [
        (["svip", "vip"], None, False, ["svip", "vip"]),
        (["svip", "vip"], "vip", False, ["vip", "svip"]),
        (["default", "vip"], "vip", False, ["vip", "default"]),
        (["vip", "default"], None, False, ["default", "vip"]),
        ([], None, True, ["svip", "vip", "default"]),
        ([], "default", True, ["default", "svip", "vip"]),
        (["vip"], None, True, ["vip", "svip", "default"]),
    ],
)
def test_a_key_pays_the_rate_of_its_first_group_that_reaches_the_model(
    client: Client, groups: list[str], first: str | None, auto: bool, order: list[str]
) -> None:
    fields = {"first_group": world.token_group(first) if first else None, "uses_auto_groups": auto}
    members = [world.token_group(slug) for slug in groups]
    _, key = Token.objects.issue("a customer", groups=members, **fields)
    amounts = {"default": "2", "svip": "3", "vip": "5"}

    assert paid(client, key) == (order[0], amounts[order[0]])
    assert paid(client, key, group=order[1]) == (order[1], amounts[order[1]])
    if "svip" in order:
        assert paid(client, key, "svip-model") == ("svip", "3")
    rights = client.get("/api/token", headers={"authorization": f"Bearer {key}"}).json()["data"]
    assert [group["name"] for group in rights["groups"]] == order


@pytest.mark.django_db
@pytest.mark.usefixtures("rates")
def test_another_first_group_applies_to_the_next_request_and_a_deleted_one_counts_no_more(client: Client) -> None:
    token, key = world.token("default", "vip")
    assert paid(client, key)[0] == "default"
    token.first_group = world.token_group("vip")
    token.save()
    assert paid(client, key)[0] == "vip"
    token.groups.remove(token.first_group)
    assert paid(client, key)[0] == "default"
    token.groups.add(token.first_group)
    TokenGroup.objects.get(slug="vip").delete()
    assert paid(client, key)[0] == "default"


@pytest.mark.django_db
def test_keys_with_the_same_groups_in_another_order_have_another_fingerprint() -> None:
    groups = ("default", "vip")
    tokens = [world.token(*groups, first_group=first)[0] for first in (None, world.token_group("vip"))]
    # Groups are added in any order.
    tokens.append(world.token(*reversed(groups))[0])
    scopes = [scope_of(row_of(token)) for token in tokens]
    assert scopes[0].fingerprint != scopes[1].fingerprint
    assert scopes[0] == scopes[2]


@pytest.mark.django_db
def test_the_first_group_must_be_one_of_the_groups() -> None:
    vip = world.token_group("vip")
    with pytest.raises(ValidationError, match="The token is not in group vip"):
        world.token("default", first_group=vip)
    vip.auto_position = 1
    vip.save()
    world.token("default", first_group=vip, uses_auto_groups=True)


def own_rates(**rates: str) -> Sheet:
    """Input at $2, with rates of groups for this model."""
    lines = [Line("input", Decimal(2), MILLION, "token")]
    for group, rate in rates.items():
        conditions = ({"dim": "group", "op": "eq", "value": group},)
        lines.append(Line("", Decimal(rate), kind="multiplier", conditions=conditions, facts={GROUP_RATE: True}))
    return Sheet("USD", tuple(lines))


@pytest.mark.parametrize(
    ("group", "rate", "charged"),
    [("vip", "0.7", "0.6"), ("VIP", "0", "0"), ("free", "0.7", "0"), ("other", "0.7", "1.4")],
)
def test_the_rate_of_a_group_for_a_model_replaces_its_own_rate(group: str, rate: str, charged: str) -> None:
    sheet = own_rates(vip="0.3", free="0")
    for seen in (sheet, sheet.seen_by({group})):
        paid = apply_group_rate(seen, group, Decimal(rate))
        assert not paid.has_group_rates
        assert [line.amount for line in paid.folded().lines] == [Decimal(charged)]


def test_the_price_before_rates_of_groups_has_none_of_them() -> None:
    sheet = own_rates(vip="0.3")
    assert sheet.without_group_rates() == own_rates()
    assert own_rates().rate_of("vip") is None


def test_a_rate_of_0_for_a_group_leaves_the_price_before_rates_as_it_is() -> None:
    seen = own_rates(vip="0").seen_by({"vip"})
    assert (seen.state, seen.discount) == ("priced", Decimal(1))
    assert apply_group_rate(seen, "vip", Decimal(1)).state == "free"


@pytest.mark.django_db
def test_rates_of_many_groups_are_not_multiplied_by_each_other(client: Client) -> None:
    model = world.model("gpt-4o")
    sheet = world.price(model, input="2")
    for number in range(30):
        conditions = [{"dim": "group", "op": "eq", "value": f"group-{number}"}]
        facts = {GROUP_RATE: True}
        world.line(sheet, "", "0.5", kind="multiplier", unit="", per=1, conditions=conditions, facts=facts)
    group = world.token_group("group-7")
    group.channels.add(world.channel("main"))
    assert paid(client, world.key("group-7"), "gpt-4o") == ("group-7", "1")


@pytest.mark.django_db
def test_exports_apply_a_later_rate_of_a_group_for_a_model() -> None:
    model = world.model("gpt-4o")
    for role, starts_at, rate in (("list", world.LONG_AGO, "0.25"), ("sell", timezone.now(), "0.75")):
        sheet = world.price(model, role=role, starts_at=starts_at, input="2", output="8")
        conditions = [{"dim": "group", "op": "eq", "value": "default"}]
        facts = {GROUP_RATE: True}
        world.line(sheet, "", rate, kind="multiplier", unit="", per=1, conditions=conditions, facts=facts)
    priced = priced_model(with_timeline=True)
    assert priced.dollars is not None
    assert [line.amount for line in priced.dollars.lines] == [Decimal("1.5"), Decimal(6)]
    assert [line.amount for line in priced.timeline[-1].folded().lines] == [Decimal("1.5"), Decimal(6)]
