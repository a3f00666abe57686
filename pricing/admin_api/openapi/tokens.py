"""What the actions of tokens read and answer, for the OpenAPI document."""

from typing import Annotated, Any, NotRequired, TypedDict


class Rotation(TypedDict):
    """How long the old key stays valid."""

    grace: NotRequired[Annotated[str, "24h without it, 0 ends all earlier keys.", {"examples": ["1h"]}]]


class RotatedToken(TypedDict):
    """A new key, which no other response has."""

    key_id: str
    key: Annotated[str | None, "null in a repeat of the request."]
    previous_key_id: str
    previous_key_ends_at: Annotated[str, "When the old key is refused.", {"format": "date-time"}]


class Sight(TypedDict):
    """What a key sees."""

    visible: Annotated[int, "How many models."]
    published: Annotated[int, "How many models there are."]
    problems: Annotated[list[str], "Terms of the token that have no effect."]


class IssuedToken(TypedDict):
    """A token; `key` is only in the response to the request that issues it."""

    key: NotRequired[Annotated[str | None, "null in a repeat of the request, missing from tokens that exist already."]]
    sees: NotRequired[Sight]


class SeenModel(TypedDict):
    """A model that a key sees."""

    id: str
    listed_as: Annotated[list[str], "The names in lists: its own and aliases."]
    callable: Annotated[bool, "Whether the key may call it now."]
    group: Annotated[str | None, "The group that pays."]
    groups: Annotated[list[str], "The groups that reach it; the first one pays."]


class TokenModels(TypedDict):
    """The models that a key sees."""

    key_id: str
    results: list[SeenModel]
    next: None


class ModelUsage(TypedDict):
    """What calls of a day used; null: nothing is known."""

    model: NotRequired[str]
    day: Annotated[str, "", {"format": "date"}]
    calls: int
    cost: Annotated[str | None, "With all its digits.", {"format": "decimal"}]
    currency: str | None
    uncounted: Annotated[int, "Calls whose cost is not known."]


# A word of Python is the name of a field.
TokenUsage = TypedDict(
    "TokenUsage",
    {
        "key_id": str,
        "from": Annotated[str, "The first day, UTC.", {"format": "date"}],
        "to": Annotated[str, "The last day, UTC.", {"format": "date"}],
        "results": Annotated[list[ModelUsage], "By model and day."],
        "days": Annotated[list[ModelUsage], "By day."],
        "next": None,
    },
)
TokenUsage.__doc__ = "What the calls of a token used and cost."


class TokenExplanation(TypedDict):
    """Whether a key can see and call a model, as `explain_token --format json` writes it."""

    visible: bool
    callable: bool
    answer: Annotated[dict[str, Any] | None, "What a gateway's check answers."]
    gates: Annotated[list[dict[str, Any]], "Every check in order, with the row that is responsible."]
