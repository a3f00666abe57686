"""What the data of each type of event contains. Unknown is null; money is an exact decimal number as text.

The texts of the fields are those of docs/events.md.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args, get_origin, get_type_hints

MODEL = "the model's id"
VENDOR = "the slug of its vendor"
GROUPS_OF_MODEL = "the names of the groups that reach the model"
MOMENT = "YYYY-MM-DDThh:mm:ssZ"


class Changed(TypedDict):
    """A field before and after a change, as the management API shows its values."""

    old: Any
    new: Any


class ModelContext(TypedDict):
    model: Annotated[str, MODEL]
    vendor: Annotated[str, VENDOR]
    groups: Annotated[list[str], GROUPS_OF_MODEL]


class ModelAdded(ModelContext):
    display_name: Annotated[str, "the name on pages; empty if it has none"]
    status: Annotated[Literal["draft", "published"], "draft or published"]
    starts_at: Annotated[str | None, "before this moment, callers do not see it"]
    deprecated_on: Annotated[str | None, "the day from which it is deprecated"]
    retires_on: Annotated[str | None, "the day from which it is retired"]
    successor: Annotated[str | None, "the id of the model that replaces it"]


class ModelChanged(ModelContext):
    status: Annotated[Literal["draft", "published"] | None, "draft or published; null if it was deleted"]
    changes: Annotated[dict[str, Changed], "each changed field with its old and its new value; empty if it was deleted"]


class ModelDeprecated(ModelContext):
    deprecated_on: Annotated[str, "the day from which it is deprecated"]
    retires_on: Annotated[str | None, "the day from which it is retired"]
    successor: Annotated[str | None, "the id of the model that replaces it"]


class ModelRetired(ModelContext):
    retires_on: Annotated[str, "the day from which it is retired"]
    successor: Annotated[str | None, "the id of the model that replaces it"]


class ModelRetiring(ModelRetired):
    days: Annotated[int, "the days that are left"]
    notice: Annotated[int, "30, 7 or 0: the announced number of days before its retirement, which is at least `days`"]


class Holder(TypedDict):
    key_id: Annotated[str, "the id of a key"]
    name: Annotated[str, "the name of its token"]


class WithHolders(TypedDict):
    """What a person adds who notifies the holders of the keys that may call the model."""

    keys: NotRequired[Annotated[list[Holder], "the keys that may call it, if a person notifies their holders"]]


class ModelDeprecatedForHolders(ModelDeprecated, WithHolders):
    pass


class ModelRetiringForHolders(ModelRetiring, WithHolders):
    pass


class ModelRetiredForHolders(ModelRetired, WithHolders):
    pass


class PriceLine(TypedDict):
    """One line of a price sheet, in its order."""

    meter: Annotated[str, "what is counted, e.g. input; empty for a factor of all prices"]
    kind: Annotated[str, "absolute, multiplier, allowance, minimum, dynamic or included"]
    amount: Annotated[str | None, "the exact number; null if the price is decided per request or included"]
    per: Annotated[int, "how many units the amount pays for"]
    unit: Annotated[str, "the unit, e.g. token"]
    conditions: Annotated[list[Any], "when the line applies; empty: always"]


class Price(TypedDict):
    """A price sheet."""

    sheet: Annotated[int, "the number of the price sheet"]
    currency: Annotated[str, "ISO 4217"]
    starts_at: Annotated[str, "when it takes effect"]
    ends_at: Annotated[str | None, "when it ends; null: it has no end"]
    lines: Annotated[list[PriceLine], "the lines in their order"]


class PriceContext(ModelContext):
    sheet: Annotated[int, "the number of the price sheet that it is about"]
    role: Annotated[
        Literal["list", "sell", "cost"], "list: the vendor's price; sell: what customers pay; cost: what you pay"
    ]


class PriceAnnounced(PriceContext):
    action: Annotated[
        Literal["set", "ended", "withdrawn"],
        "set: there is a new price; ended: the end of a price is set or moved; withdrawn: a scheduled price is deleted",
    ]
    at: Annotated[str | None, "when the change takes effect; null: the price has no end any more"]
    before: Annotated[Price | None, "the price before it; null if there is none"]
    after: Annotated[Price | None, "the new price; null without one"]


class PriceInForce(PriceContext):
    before: Annotated[Price | None, "the price before it; null if there was none"]
    after: Annotated[Price, "the price that has taken effect"]


class PriceEnded(PriceContext):
    before: Annotated[Price, "the price that has ended"]
    after: Annotated[Price | None, "the price that is current now; null if the model has none of this role"]


class TokenContext(TypedDict):
    key_id: Annotated[str, "the id of its key"]
    name: Annotated[str, "its name"]
    groups: Annotated[list[str], "the names of its groups, also of the automatic ones"]
    metadata: Annotated[dict[str, Any], "what your own programs stored with it, e.g. a customer number"]


class TokenIssued(TokenContext):
    starts_at: Annotated[str | None, "its key is refused before this moment"]
    expires_at: Annotated[str | None, "its key is refused from this moment on"]


class TokenRotated(TokenContext):
    previous_key_id: Annotated[str, "the id of the key that was replaced"]
    previous_valid_until: Annotated[str, "until when the replaced key is accepted"]


class TokenRevoked(TokenContext):
    deleted: Annotated[bool, "whether it was deleted; otherwise it is disabled"]


class TokenExpiring(TokenContext):
    expires_at: Annotated[str, "its key is refused from this moment on"]
    days: Annotated[int, "the whole days that are left"]
    notice: Annotated[int, "30, 7 or 1: the announced number of days before it expires"]


class TokenRefused(TokenContext):
    at: Annotated[str, "when the request was refused"]
    status: Annotated[int, "the HTTP status of the answer"]
    code: Annotated[str, "the code of the error"]
    model: Annotated[str, "the model that the request named; empty if it named none"]
    address: Annotated[str, "the network address of the caller; empty if it is not known"]
    request_id: Annotated[str, "the id of the request"]


class BudgetContext(TypedDict):
    key_id: Annotated[str | None, "the id of the token's key; null for the budget of a group"]
    name: Annotated[str | None, "the name of the token; null for the budget of a group"]
    groups: Annotated[list[str], "the groups of the token, or the group itself"]
    metadata: Annotated[dict[str, Any], "the metadata of the token; empty for the budget of a group"]


class Budget(BudgetContext):
    amount: Annotated[str, "the budget"]
    currency: Annotated[str, "its currency, ISO 4217"]
    period: Annotated[str, "day, month or total"]
    spent: Annotated[str, "what is spent of it"]
    resets_at: Annotated[str | None, "when the next period starts; null for a budget in total"]


class BudgetWarning(Budget):
    pass


class BudgetSpent(Budget):
    pass


class Import(TypedDict):
    source: Annotated[str, "the slug of the source"]
    run: Annotated[int | None, "the number of the import run; null if there is none"]


class ImportWaiting(Import):
    counts: Annotated[dict[str, Any], "the numbers of new, changed and unchanged rows"]


class ImportStopped(ImportWaiting):
    guards: Annotated[list[str], "why it was stopped, one sentence each"]


class ImportFailed(Import):
    error: Annotated[str, "why it failed, in one sentence"]


class Finding(TypedDict):
    """One problem that a health check finds."""

    row: Annotated[str, "what has the problem"]
    kind: Annotated[str, "its table"]
    problem: Annotated[str, "the problem, as a phrase"]


class HealthFound(TypedDict):
    rule: Annotated[str, "the name of the rule"]
    title: Annotated[str, "what the rule finds"]
    remedy: Annotated[str, "what to do about it"]
    new: Annotated[list[Finding], "what has this problem and did not have it before, at most 500"]
    count: Annotated[int, "how many rows have this problem in all"]


class Ping(TypedDict):
    message: str


SHAPES: dict[str, Any] = {
    "model.added": ModelAdded,
    "model.changed": ModelChanged,
    "model.deprecated": ModelDeprecatedForHolders,
    "model.retiring": ModelRetiringForHolders,
    "model.retired": ModelRetiredForHolders,
    "price.announced": PriceAnnounced,
    "price.in_force": PriceInForce,
    "price.ended": PriceEnded,
    "token.issued": TokenIssued,
    "token.rotated": TokenRotated,
    "token.revoked": TokenRevoked,
    "token.expiring": TokenExpiring,
    "token.refused": TokenRefused,
    "budget.warning": BudgetWarning,
    "budget.spent": BudgetSpent,
    "import.waiting": ImportWaiting,
    "import.stopped": ImportStopped,
    "import.failed": ImportFailed,
    "health.found": HealthFound,
}


def fields_of(shape: Any) -> Iterator[tuple[str, str, str]]:
    """Name, type and text of each field of a shape, in order."""
    for name, hint in get_type_hints(shape, include_extras=True).items():
        if get_origin(hint) is NotRequired:
            hint = get_args(hint)[0]
        inner, text = (get_args(hint)[0], get_args(hint)[1]) if get_origin(hint) is Annotated else (hint, "")
        yield name, _type_name(inner), text


def _type_name(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "text"
    if origin is list:
        items = {PriceLine: "lines", Finding: "findings", Holder: "holders", str: "texts"}
        return f"list of {items.get(arguments[0], 'values')}"
    if hint is Price:
        return "price"
    if origin is dict:
        return "object"
    if arguments:
        return " or ".join(dict.fromkeys(_type_name(argument) for argument in arguments))
    words = {str: "text", int: "number", bool: "true or false", type(None): "null"}
    return words.get(hint, "any value")
