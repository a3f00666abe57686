"""What models cost the holder of a key, as patterns compare it."""

import datetime as dt
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from catalog.vocabulary import FALLBACKS


@dataclass(frozen=True)
class Price:
    """The price of one model for one group.

    `highest`: meter -> the most that a request can pay for it under any condition, in US dollars for a million tokens
    or characters, or for one of any other unit; None if that is not a number. Meters that are charged as another one
    are left out.
    """

    is_known: bool = True
    is_free: bool = False
    highest: Mapping[str, Decimal | None] = field(default_factory=dict)
    # The side, input or output, that is charged although its price is not known; empty if none.
    unknown_side: str = ""
    # US dollars for a million tokens of the headline, by which lists are filtered and sorted; None if there is none.
    comparable: Decimal | None = None

    def amount(self, meter: str) -> Decimal | None:
        """The most that a request can pay for the meter; None if that is unknown, or if nothing is charged for it."""
        if self.is_free:
            return Decimal(0)
        charged_as = next((name for name in (meter, *FALLBACKS.get(meter, ())) if name in self.highest), None)
        return None if charged_as is None else self.highest[charged_as]

    def is_unknown(self, meter: str) -> bool:
        """Whether requests may pay for the meter an amount that is not known."""
        if not self.is_known:
            return True
        names = (meter, *FALLBACKS.get(meter, ()))
        return self.amount(meter) is None and (
            self.unknown_side in names or any(name in self.highest for name in names)
        )


UNKNOWN = Price(is_known=False)


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices of models at one moment; they are read when the first one is needed.

    `key` is equal for equal prices of all models. They do not change before `until` without a write.
    """

    key: Hashable
    until: dt.datetime
    load: Callable[[], Mapping[int, Price]]

    @cached_property
    def by_model(self) -> Mapping[int, Price]:
        return self.load()

    def of(self, model: int) -> Price:
        """The price of the model with this key; unknown if none of the groups reaches it."""
        return self.by_model.get(model, UNKNOWN)
