"""The rows of a structure can be limited to models and follow the models' new ids."""

from catalog.prices import Sheet
from catalog.sources.records import Structure

SHEET = Sheet("USD", ())
STRUCTURE = Structure(
    vendors={"acme": {"name": "Acme"}},
    endpoint_types={"holo": {"path": "/holo"}, "other": {"path": "/other"}},
    reach={"vip": ("east",)},
    models={"a": {"status": "published"}, "b": {"status": "draft"}},
    aliases={"old-a": {"model": "a"}, "old-b": {"model": "b"}},
    offers={("east", "a"): {}, ("east", "b"): {}},
    popular={"a": {"position": 0}, "b": {"position": 1}},
    prices={"list": {"a": SHEET, "b": SHEET}},
    additions_only=frozenset({"popular"}),
)


def test_a_narrowed_structure_has_the_rows_of_the_models() -> None:
    assert STRUCTURE.narrowed({"a"}, endpoint_types={"holo"}) == Structure(
        endpoint_types={"holo": {"path": "/holo"}},
        models={"a": {"status": "published"}},
        aliases={"old-a": {"model": "a"}},
        offers={("east", "a"): {}},
        popular={"a": {"position": 0}},
        prices={"list": {"a": SHEET}},
        additions_only=frozenset({"popular"}),
    )


def test_rows_of_no_model_remain_on_request() -> None:
    narrowed = STRUCTURE.narrowed({"a"}, beside=True)
    assert (narrowed.vendors, narrowed.reach) == (STRUCTURE.vendors, STRUCTURE.reach)
    assert narrowed.endpoint_types == STRUCTURE.endpoint_types
    assert list(narrowed.popular) == ["a"]


def test_the_rows_of_aliases_become_those_of_their_models() -> None:
    renamed = STRUCTURE.renamed({"b": "c"})
    assert list(renamed.models) == list(renamed.popular) == list(renamed.prices["list"])
    assert set(renamed.models) == {"a", "c"}
    assert renamed.aliases["old-b"] == {"model": "c"}
    assert ("east", "c") in renamed.offers


def test_a_models_own_row_precedes_that_of_its_alias() -> None:
    assert STRUCTURE.renamed({"b": "a"}).popular == {"a": {"position": 0}}
    both = Structure(popular={"x": {"position": 0}, "y": {"position": 1}})
    assert both.renamed({"x": "a", "y": "a"}).popular == {"a": {"position": 0}}
