"""The models that reported names stand for, by the rule of calls: an id, an alias, or the id of a wildcard model."""

from collections.abc import Collection, Iterator

from catalog.db.bulk import BATCH, batches
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import wildcards_of
from catalog.models.facts import WILDCARD

# Gemini's clients write the id as `models/<id>`, and the lists and the check of a call read both.
PREFIX = "models/"


def find_models(names: Collection[str]) -> dict[str, int]:
    """Name -> the key of its model; names of no model are left out. Published or not: the model has been called."""
    spellings = sorted({spelling for name in names for spelling in _spellings(name)})
    known: dict[str, int] = {}
    for batch in batches(spellings, BATCH):
        known |= dict(ModelAlias.objects.filter(name__in=batch).values_list("name", "model"))
        # A name wins over an alias, and an alias over a wildcard model.
        known |= dict(AIModel.objects.filter(name__in=batch).values_list("name", "pk"))
    wildcards = dict(AIModel.objects.filter(name__endswith=WILDCARD).values_list("name", "pk"))
    candidates = {
        name: [*(known.get(spelling) for spelling in _spellings(name)), *_standing_for(name, wildcards)]
        for name in names
    }
    found = {name: next((key for key in keys if key is not None), None) for name, keys in candidates.items()}
    return {name: key for name, key in found.items() if key is not None}


def _spellings(name: str) -> list[str]:
    """The spellings of the name, in the order in which they are looked up."""
    return list(dict.fromkeys([name, name.removeprefix(PREFIX)]))


def _standing_for(name: str, wildcards: dict[str, int]) -> Iterator[int]:
    """The wildcard models that stand for the name, the one with the longest prefix first."""
    if wildcards:
        plainest = _spellings(name)[-1]
        yield from (wildcards[wildcard] for wildcard in wildcards_of(plainest) if wildcard in wildcards)
