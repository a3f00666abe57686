"""Keys see and change the catalog and prices only within their scopes and what their operators may do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from catalog.models import FieldPin
from pricing.models import PriceSheet
from tests import world
from tokens.models import OperatorGroups

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"
LINE = {"meter": "input", "amount": "1", "per": 1_000_000, "unit": "token"}
WRITES = [
    ("models", {"name": "new", "vendor": "openai"}, "catalog"),
    ("aliases", {"name": "new", "model": "a"}, "catalog"),
    ("offers", {"channel": "west", "model": "a"}, "catalog"),
    ("groups", {"slug": "new", "label": "New"}, "catalog"),
    ("pins", {"model": "a", "field": "tags", "reason": "x"}, "catalog"),
    ("popular-models", {"model": "a", "position": 1}, "catalog"),
    ("group-rates", {"group": "default", "ratio": "1"}, "prices"),
    ("price-sheets", {"model": "a", "lines": [LINE]}, "prices"),
    ("discounts", {"all_models": True, "multiplier": "1"}, "prices"),
    ("currency-rates", {"currency": "CNY", "per_usd": "7", "as_of": "2040-01-01"}, "prices"),
]


@pytest.fixture(autouse=True)
def catalog() -> None:
    world.model("a")
    world.channel("west")


def member(*roles: str) -> User:
    user = User.objects.create_user("bob", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def permit(user: User, *codes: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codes))


@pytest.mark.parametrize(("address", "values", "scope"), WRITES)
def test_a_write_needs_its_scope(address: str, values: dict[str, Any], scope: str, api_as: Callable[..., Any]) -> None:
    superuser = User.objects.create_superuser("alice")
    other = "prices" if scope == "catalog" else "catalog"
    for scopes, status in (((other, "imports"), 403), (("read",), 403), ((scope,), 201)):
        response = api_as(superuser, *scopes).post(f"{API}/{address}", values)
        assert response.status_code == status, response.content


def test_discounts_need_the_permission_to_set_prices_too(api_as: Callable[..., Any]) -> None:
    user = member("Catalog")
    permit(user, "add_discountrule", "view_discountrule")
    values = {"all_models": True, "multiplier": "0.9"}
    assert api_as(user).post(f"{API}/discounts", values).status_code == 403
    permit(user, "add_pricesheet")
    assert api_as(User.objects.get(pk=user.pk)).post(f"{API}/discounts", values).status_code == 201


def test_an_operator_without_prices_changes_models_and_sees_no_figure(api_as: Callable[..., Any]) -> None:
    api = api_as(member("Catalog"))
    world.price(world.model("b"), input="3")
    FieldPin.objects.create(model=world.model("c"), field="sell_price", reason="x", upstream={"input": "$77"})
    changed = api.patch(f"{API}/models/b?accept_loss=1&dry_run=1", {"status": "draft"})
    assert changed.status_code == 200
    assert "$3" not in changed.content.decode()
    assert api.get(f"{API}/price-sheets").status_code == 403
    assert [pin["upstream"] for pin in api.get(f"{API}/pins").json()["results"]] == [None]
    later = world.price(world.model("d", on=None), input="3", starts_at=world.LONG_AGO.replace(year=2040))
    assert api.delete(f"{API}/models/d").status_code == 403
    assert PriceSheet.objects.filter(pk=later.pk).exists()


def test_an_operator_of_one_group_sees_its_rates_and_releases_only(api_as: Callable[..., Any]) -> None:
    bob = member("Catalog", "Pricing")
    vip, other = world.token_group("vip"), world.token_group("other")
    OperatorGroups.objects.create(operator=bob).groups.set([vip])
    for group in (vip, other):
        world.rate(group, 1)
    api = api_as(bob)
    assert [row["group"] for row in api.get(f"{API}/group-rates").json()["results"]] == ["vip"]
    assert [row["slug"] for row in api.get(f"{API}/groups").json()["results"]] == ["vip"]
    assert api.get(f"{API}/groups/other").status_code == 404
    refused = api.post(f"{API}/group-rates", {"group": "other", "ratio": "2"})
    assert [error["message"] for error in refused.json()["errors"]] == ["There is no group other."]
    start = {"starts_at": "2040-01-01T00:00:00Z"}
    api.patch(f"{API}/models/a", {"releases": [{"group": "vip", **start}]})
    superuser = api_as(User.objects.create_superuser("alice"))
    both = [{"group": "other", **start}, {"group": "vip", **start}]
    assert superuser.patch(f"{API}/models/a", {"releases": both}).json()["releases"] == both
    assert api.get(f"{API}/models/a").json()["releases"] == both[1:]
    assert api.patch(f"{API}/models/a", {"releases": []}).json()["releases"] == []
    assert superuser.get(f"{API}/models/a").json()["releases"] == both[:1]


def test_what_belongs_to_a_model_needs_its_own_permission(api_as: Callable[..., Any]) -> None:
    bob = member("Support")
    permit(bob, "view_aimodel", "change_aimodel")
    api = api_as(bob)
    assert api.patch(f"{API}/models/a", {"series": "x"}).status_code == 200
    refused = api.patch(f"{API}/models/a", {"series": "y", "aliases": [{"name": "new"}]})
    assert refused.status_code == 403
    assert api.get(f"{API}/models/a").json()["series"] == "x"


def test_filters_reveal_nothing_of_groups_of_others(api_as: Callable[..., Any]) -> None:
    bob = member("Catalog")
    vip, other = world.token_group("vip"), world.token_group("other")
    for group in (vip, other):
        world.model(f"of-{group}", on=world.channel(f"for-{group}", group=group.slug))
    OperatorGroups.objects.create(operator=bob).groups.set([vip])
    api = api_as(bob)
    for address, key in (("channels?groups=", "slug"), ("models?group=", "name")):
        found = [[row[key] for row in api.get(f"{API}/{address}{group}").json()["results"]] for group in (vip, other)]
        assert [len(rows) for rows in found] == [1, 0], address


def test_filters_by_what_belongs_to_a_model_need_its_permission(api_as: Callable[..., Any]) -> None:
    bob = User.objects.create_user("bob", is_staff=True)
    permit(bob, "view_aimodel")
    world.model("b", on="west").aliases.create(name="c")
    api = api_as(bob)
    for parameter in ("alias=c", "channel=west", "group=default"):
        assert api.get(f"{API}/models?{parameter}").json()["results"] == [], parameter


def test_warnings_name_no_key_that_the_operator_may_not_see(api_as: Callable[..., Any]) -> None:
    world.token(name="Acme", allow=["claude-*"])
    api = api_as(User.objects.create_superuser("alice"), "catalog")
    for address, values in (("aliases", {"name": "claude-1", "model": "a"}),
                            ("models/a", {"aliases": [{"name": "claude-2"}]})):  # fmt: skip
        send = api.post if address == "aliases" else api.patch
        answer = send(f"{API}/{address}?dry_run=1", values)
        (warning,) = answer.json()["result"]["warnings"]
        assert "to 1 key, because the alias matches" in warning
        assert "Acme" not in answer.content.decode()
