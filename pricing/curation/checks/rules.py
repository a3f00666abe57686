"""What a rule of the health checks is: one function that finds one kind of problem, and changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import models

from pricing.curation.catalog_snapshot import CatalogSnapshot


@dataclass(frozen=True)
class Finding:
    """A row and its problem, as a phrase without a full stop."""

    row: models.Model
    problem: str


Finder = Callable[[CatalogSnapshot], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One kind of problem: its name in commands, its title, what to do about it, its table, and how to find it."""

    name: str
    title: str
    remedy: str
    about: type[models.Model]
    find: Finder
    # The other tables whose figures its findings state: of all rows, so a person must be able to view them all.
    states: tuple[type[models.Model], ...] = ()


class Rules(list[Rule]):
    """The rules of one module, in their order. `states`: the tables whose figures all of them state."""

    def __init__(self, *states: type[models.Model]) -> None:
        super().__init__()
        self.states = states

    def add(
        self,
        name: str,
        title: str,
        remedy: str,
        *,
        about: type[models.Model],
        states: tuple[type[models.Model], ...] = (),
    ) -> Callable[[Finder], Finder]:
        """Makes a rule of a function that yields findings."""

        def register(find: Finder) -> Finder:
            self.append(Rule(name, title, remedy, about, find, (*self.states, *states)))
            return find

        return register
