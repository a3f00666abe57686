"""Models by the management API, with the rows that belong to them."""

from typing import Any

import pytest

from catalog.models import AIModel, CodexProfile, EndpointType, ModelAlias, Offer
from tests import world
from tokens.access.visibility import describe_unreached
from tokens.models import ModelRelease

pytestmark = pytest.mark.django_db

MODELS = "/api/admin/v1/models"
NAME = "openai/gpt-5.5"


@pytest.fixture(autouse=True)
def catalog() -> None:
    world.vendor("openai")
    world.channel("east", group="vip")
    world.channel("west", group=None)
    for name in ("openai", "anthropic"):
        EndpointType.objects.get_or_create(name=name, defaults={"path": f"/v1/{name}"})


def test_a_model_is_created_with_everything_that_belongs_to_it(api: Any) -> None:
    values = {
        "name": NAME,
        "vendor": "openai",
        "status": "published",
        "tags": ["Tools", "128K"],
        "input_modalities": ["text", "image"],
        "supported_endpoint_types": ["openai", "anthropic"],
        "default_parameters": {"temperature": 0.7},
        "starts_at": "2030-01-01T00:00:00Z",
        "offers": [{"channel": "east"}, {"channel": "west", "enabled": False, "upstream_name": "gpt"}],
        "aliases": [{"name": "gpt-latest", "listed": True}],
        "releases": [{"group": "vip", "starts_at": "2029-01-01T00:00:00Z"}],
        "codex_profile": {"instructions": "You code.", "reasoning_levels": []},
    }
    created = api.post(MODELS, values)
    assert created.status_code == 201, created.content
    body = created.json()
    assert created["Location"] == f"{MODELS}/openai/gpt-5.5"
    assert body["offers"] == [
        {"channel": "east", "enabled": True, "upstream_name": ""},
        {"channel": "west", "enabled": False, "upstream_name": "gpt"},
    ]
    assert body["aliases"] == values["aliases"]
    assert body["releases"] == values["releases"]
    assert body["codex_profile"]["instructions"] == "You code."
    unknown = ("context_length", "public_endpoint_types", "released_on", "retires_on", "successor")
    assert [body[name] for name in unknown] == [None] * len(unknown)
    assert body["default_parameters"] == {"temperature": 0.7}
    read = api.get(created["Location"])
    assert (read.json() | {"warnings": []}) == (body | {"warnings": []})
    assert read["ETag"] == created["ETag"]


def test_a_change_sets_the_given_fields_and_replaces_given_lists(api: Any) -> None:
    model = world.model(NAME, on="east", tags=["a"], context_length=1000)
    ModelAlias.objects.create(name="old", model=model)
    CodexProfile.objects.create(model=model, instructions="You code.")
    etag = api.get(f"{MODELS}/{NAME}")["ETag"]
    changed = api.patch(
        f"{MODELS}/{NAME}",
        {
            "tags": ["b", "c"],
            "context_length": None,
            "offers": [{"channel": "west"}],
            "aliases": [{"name": "new"}],
            "codex_profile": {"default_verbosity": "low"},
        },
        headers={"If-Match": etag},
    )
    assert changed.status_code == 200, changed.content
    model.refresh_from_db()
    assert (model.tags, model.context_length, model.supported_endpoint_types) == (["b", "c"], None, ["openai"])
    assert [offer.channel.slug for offer in Offer.objects.all()] == ["west"]
    assert [alias.name for alias in ModelAlias.objects.all()] == ["new"]
    profile = CodexProfile.objects.get()
    assert (profile.instructions, profile.default_verbosity) == ("You code.", "low")
    assert api.patch(f"{MODELS}/{NAME}", {"tags": []}, headers={"If-Match": etag}).status_code == 412
    removed = api.patch(f"{MODELS}/{NAME}", {"codex_profile": None, "offers": []})
    assert (removed.json()["codex_profile"], removed.json()["offers"]) == (None, [])


def test_an_equal_change_writes_no_history(api: Any) -> None:
    world.model(NAME, on="east")
    before = api.get(f"{MODELS}/{NAME}").json()
    same = {name: value for name, value in before.items() if name not in ("etag", "warnings")}
    assert api.patch(f"{MODELS}/{NAME}", same).json()["etag"] == before["etag"]
    assert AIModel.history.count() == Offer.history.count() == 1


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"vendor": "nobody"}, "vendor", "There is no vendor nobody."),
        ({"supported_endpoint_types": ["x"]}, "supported_endpoint_types", "Unknown endpoint types: x."),
        ({"tags": ["a", "a"]}, "tags", "This list has a duplicate name."),
        ({"tags": None}, "tags", "may not be null"),
        ({"context_length": -1}, "context_length", ""),
        ({"default_parameters": {"heat": 1}}, "default_parameters", "heat is not a known parameter"),
        ({"successor": NAME}, "successor", "A model cannot replace itself."),
        (
            {"deprecated_on": "2030-02-01", "retires_on": "2030-01-01"},
            "non_field_errors",
            "A model cannot retire before",
        ),
        ({"colour": "red"}, "colour", "There is no field colour."),
        ({"offers": [{"channel": "east"}, {"channel": "north"}]}, "offers.1.channel", "There is no channel north."),
        ({"offers": [{"channel": "east", "weight": 1}]}, "offers.0.weight", "There is no field weight."),
        (
            {"offers": [{"channel": "east"}, {"channel": "east"}]},
            "offers.1.channel",
            "Entry 0 of the list has the same",
        ),
        ({"aliases": [{"name": "x*"}]}, "aliases.0.name", "An alias is one id"),
        ({"codex_profile": {"instructions": " "}}, "codex_profile.instructions", ""),
        ({"releases": [{"group": "vip", "starts_at": "soon"}]}, "releases.0.starts_at", "is not a valid moment"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(api: Any, values: dict[str, Any], field: str, text: str) -> None:
    world.model(NAME, on=None)
    refused = api.patch(f"{MODELS}/{NAME}", values)
    assert refused.status_code == 400, refused.content
    errors = refused.json()["errors"]
    assert [error["field"] for error in errors] == [field]
    assert text in errors[0]["message"]
    assert AIModel.history.count() == 1


def test_a_model_that_nobody_sees_has_a_warning(api: Any) -> None:
    created = api.post(MODELS, {"name": NAME, "vendor": "openai", "status": "published", "context_length": 0})
    assert created.json()["warnings"] == [
        "The context window is 0 tokens: lists leave it out.",
        describe_unreached([NAME]),
    ]
    assert api.get(f"{MODELS}/{NAME}").json()["warnings"] == []


def test_a_model_with_current_prices_is_not_deleted(api: Any) -> None:
    model = world.model(NAME, on=None)
    world.price(model, input="1")
    refused = api.delete(f"{MODELS}/{NAME}")
    assert refused.status_code == 409
    assert "deleting them would change past prices" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("channel=east", ["a"]),
        ("group=vip", ["a"]),
        ("group=default", []),
        ("tag=Tools", ["b"]),
        ("tag=Tool", []),
        ("alias=nick", ["b"]),
        ("vendor=openai", ["a", "b"]),
        ("vendor__in=openai,x&status=draft", ["b"]),
        ("name__startswith=b", ["b"]),
        ("retires_on__isnull=false", []),
        ("endpoint_type=openai", ["a", "b"]),
        ("starts_at__isnull=true&listed=true", ["a", "b"]),
    ],
)
def test_models_are_filtered(api: Any, query: str, names: list[str]) -> None:
    world.model("a", on="east")
    ModelAlias.objects.create(name="nick", model=world.model("b", on="west", tags=["Tools"], status="draft"))
    page = api.get(f"{MODELS}?{query}&fields=name")
    assert page.status_code == 200, page.content
    assert page.json()["results"] == [{"name": name} for name in names]


def test_a_page_has_the_same_queries_however_many_models_it_has(api: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        model = world.model(f"m{number}", on="east")
        ModelAlias.objects.create(name=f"a{number}", model=model)
        ModelRelease.objects.create(model=model, group=world.token_group("vip"))
    api.get(f"{MODELS}?limit=1")
    with django_assert_max_num_queries(7) as queries:
        page = api.get(f"{MODELS}?limit=1000").json()["results"]
    assert page[0]["aliases"] == [{"name": "a0", "listed": False}]
    with django_assert_max_num_queries(len(queries) - 3):
        assert api.get(f"{MODELS}?limit=1000&fields=name,tags").json()["results"][0] == {"name": "m0", "tags": []}


def test_filters_compare_upper_and_lower_case(api: Any) -> None:
    """Also on SQLite, whose LIKE takes them for the same."""
    for name, tag in (("A/one", "New"), ("a/two", "new"), ("a/three", "renew")):
        world.model(name, tags=[tag])

    for query, names in {"tag=new": ["a/two"], "tag=New": ["A/one"], "name__startswith=A/": ["A/one"]}.items():
        assert [row["name"] for row in api.get(f"{MODELS}?{query}").json()["results"]] == names, query


@pytest.mark.parametrize("part", ["offer", "alias", "release", "profile", "deletion"])
def test_a_model_is_updated_with_what_belongs_to_it(api: Any, part: str) -> None:
    world.model("other")
    model = world.model("gpt-4o")
    AIModel.objects.update(updated_at=world.LONG_AGO)
    for table in (Offer, ModelAlias):
        table.history.update(history_date=world.LONG_AGO)
    etag = api.get(f"{MODELS}/gpt-4o")["ETag"]

    match part:
        case "offer":
            row = Offer.objects.get(model=model)
            row.enabled = False
            row.save()
        case "alias":
            ModelAlias.objects.create(model=model, name="four")
        case "release":
            ModelRelease.objects.create(model=model, group=world.token_group(), starts_at=world.LONG_AGO)
        case "profile":
            CodexProfile.objects.create(model=model, instructions="Be brief.")
        case "deletion":
            Offer.objects.get(model=model).delete()

    assert api.get(f"{MODELS}/gpt-4o")["ETag"] != etag
    changed = api.get(MODELS, {"updated_since": "2026-02-01", "fields": "name"}).json()["results"]
    assert changed == [{"name": "gpt-4o"}]
