"""The values that all readers of gateways' databases produce. Imports no models."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from catalog.error_messages import some
from catalog.names.groups import storable_group_name
from pricing.gateways.reading.price_table import PriceTable
from pricing.gateways.reading.schemas import Dialect

ENABLED, EXPIRED, EXHAUSTED = 1, 3, 4


Finding = tuple[str, str | None]


class Report(Protocol):
    """Takes a finding: a sentence, and the token or channel that it is about, if it is about one."""

    def __call__(self, sentence: str, subject: str | None = None, /) -> None: ...


@dataclass(frozen=True)
class GatewayChannel:
    """A channel, with the number of its upstream keys but not the keys."""

    id: int
    name: str
    type: str
    enabled: bool
    disabled_automatically: bool
    base_url: str
    priority: int
    weight: int
    tag: str
    groups: tuple[str, ...]
    models: tuple[str, ...]
    upstream_names: Mapping[str, str]
    keys: int
    remark: str = ""
    # The program's own number of the type.
    type_number: int = 0
    prefix: str = ""
    # Name with the channel's prefix -> the name that its upstream knows. The channel offers both.
    bare_names: Mapping[str, str] = field(default_factory=dict)
    # Models of the channel that the gateway does not serve.
    disabled_models: frozenset[str] = frozenset()
    # Model -> the name whose price its calls cost, if that is another one.
    billed_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GatewayUser:
    name: str
    group: str
    enabled: bool
    is_over_budget: bool = False
    # The gateway refuses the calls of users who have not confirmed their e-mail address.
    is_unverified: bool = False
    # Whether the gateway lets the user call models without a price.
    accepts_unpriced: bool = False


@dataclass(frozen=True)
class GatewayToken:
    """A token; `key` is its plaintext, which is never shown."""

    id: int
    key: str = field(repr=False)
    user: int
    name: str
    status: int
    expires: int
    is_over_budget: bool
    # The only models that it may use; None if it may use all.
    limits: tuple[str, ...] | None
    # Those of the limits that match nothing in the gateway, because they have spaces around them there.
    trimmed: frozenset[str] = field(kw_only=True, default=frozenset())
    # Models that it may not use, exactly as stored: the gateway does not trim them.
    blocked: tuple[str, ...] = field(kw_only=True, default=())
    networks: tuple[str, ...]
    # All of its networks are invalid, so it must not be usable.
    is_locked: bool
    group: str
    # Another group, for models that the first one does not reach.
    backup_group: str = ""
    accessed: int = 0


@dataclass(frozen=True)
class GatewayModel:
    """What the operator entered for a model, or for all models whose names start with, end with or contain `name`."""

    name: str
    rule: int
    enabled: bool
    vendor: int | None
    description: str
    icon: str
    tags: str
    endpoints: Any
    # Facts of catalog/sources/model_metadata.py; forks of new-api have them as JSON.
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, model: str) -> bool:
        match self.rule:
            case 0:
                return model == self.name
            case 1:
                return model.startswith(self.name)
            case 2:
                return self.name in model
            case 3:
                return model.endswith(self.name)
        return False


@dataclass(frozen=True)
class GatewayVendor:
    name: str
    icon: str = ""
    description: str = ""


@dataclass(frozen=True)
class LeftOut:
    """One kind of data that a migration does not carry over.

    `subject` is stable, for scripts: a table, a column of one (channels.remark) or an option (options.ModelRatio).
    """

    subject: str
    what: str
    count: int
    # The rows, models or groups that have it.
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.what} ({self.count:,})" + (f": {some(self.names)}" if self.names else "")


@dataclass(frozen=True)
class GatewayGroup:
    """A row of a table of groups."""

    name: str
    label: str
    description: str
    rate: Decimal
    enabled: bool
    # Whether every user may choose it for a token.
    is_public: bool


@dataclass(frozen=True)
class Listing:
    """The price that a running gateway states for each model: a row of its price list."""

    rows: Mapping[str, Mapping[str, Any]]

    @functools.cached_property
    def fields(self) -> frozenset[str]:
        """The fields that any row has: versions differ in the ratios that they list."""
        return frozenset(key for row in self.rows.values() for key, value in row.items() if value is not None)


@dataclass(frozen=True)
class Gateway:
    """The data of a gateway."""

    dialect: Dialect
    channels: tuple[GatewayChannel, ...]
    tokens: tuple[GatewayToken, ...]
    # None if the database has no such table.
    users: Mapping[int, GatewayUser] | None
    models: tuple[GatewayModel, ...]
    vendors: Mapping[int, GatewayVendor]
    options: Mapping[str, Any]
    # None if the program has its prices in options.
    prices: PriceTable | None = None
    # None if the program has its groups in options.
    groups: tuple[GatewayGroup, ...] | None = None
    deleted_tokens: int = 0
    # The prices that the running program states, if the operator gave them.
    listing: Listing | None = None
    # The parts of the database that are not read.
    left_out: tuple[LeftOut, ...] = ()
    # Sentence, and the token or channel that it is about, if it is about one.
    findings: tuple[Finding, ...] = ()
    # Group -> its name here, for groups that an earlier version has stored under another name.
    earlier_names: Mapping[str, str] = field(default_factory=dict)

    def group_here(self, name: str) -> str:
        """The name of a group of the gateway here: the same, if it is a valid name."""
        return self.earlier_names.get(name) or storable_group_name(name)

    @functools.cached_property
    def channels_of(self) -> Mapping[str, Sequence[GatewayChannel]]:
        """Model -> the channels that offer it, in the order in which the program tries them: enabled, by priority."""
        channels: defaultdict[str, list[GatewayChannel]] = defaultdict(list)
        for channel in sorted(self.channels, key=lambda channel: (not channel.enabled, -channel.priority, channel.id)):
            for name in channel.models:
                channels[name].append(channel)
        return dict(channels)
