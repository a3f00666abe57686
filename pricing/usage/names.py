"""The models that reported names stand for, by the rule of calls: an id, an alias, or the id of a wildcard model."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Forwards:
    """To which models calls of retired ids go."""

    # Key of a model that forwards its calls -> the day (UTC) from which on, and its successor.
    by_model: Mapping[int, tuple[dt.date, int]]

    @classmethod
    def read(cls) -> "Forwards":
        rows = AIModel.objects.filter(forwards_to_successor=True, retires_on__isnull=False, successor__isnull=False)
        rows = rows.exclude(name__endswith=WILDCARD).exclude(successor__name__endswith=WILDCARD)
        found = rows.values_list("pk", "retires_on", "successor")
        return cls({key: (day, to) for key, day, to in found if day is not None and to is not None})

    def model_on(self, key: int, day: dt.date) -> int:
        """The model that was called on a day by the id of this one: itself or a successor."""
        path = [key]
        while (end := self.by_model.get(path[-1])) is not None and end[0] <= day and end[1] not in path:
            path.append(end[1])
        return path[-1]
