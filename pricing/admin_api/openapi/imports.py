"""What the actions of import runs read and answer, for the OpenAPI document."""

from typing import Annotated, Any, NotRequired, TypedDict

from pricing.imports.structure.pruning import MODES

# A word of Python is the name of a field.
ImportDocument = TypedDict(
    "ImportDocument",
    {
        "source": Annotated[str, "The slug of a stored source, or of a format such as litellm."],
        "file": NotRequired[Annotated[str, "The document.", {"format": "binary"}]],
        "url": NotRequired[Annotated[str, "In place of the file. Empty: the address of the source."]],
        "as": NotRequired[Annotated[str, "The role of the prices.", {"enum": ["list", "sell", "cost"]}]],
        "channel": NotRequired[Annotated[str, "Offers the models on this channel."]],
        "group": NotRequired[Annotated[str, "The group that reaches the channel."]],
        "only": NotRequired[Annotated[list[str], "Only ids that match."]],
        "provider": NotRequired[Annotated[list[str], "Only the offers of these providers."]],
        "prune": NotRequired[Annotated[str, "What happens to models that a YAML catalog lacks.", {"enum": [*MODES]}]],
        "publish": NotRequired[Annotated[bool, "Without it, new models are drafts."]],
        "overrule": NotRequired[Annotated[bool, "Also changes values of people and more trusted sources."]],
    },
)
ImportDocument.__doc__ = "A document to import: either a file or an address."


class ImportDecision(TypedDict):
    """What is applied of a plan."""

    fingerprint: NotRequired[Annotated[str, "That of the plan that you have seen: another plan is not applied."]]
    models: NotRequired[Annotated[list[str], "Only the changes of these models; the others wait."]]
    accept_jumps: NotRequired[Annotated[list[str], "Models whose prices may move far; those of others wait."]]


class ImportPlan(TypedDict):
    """A plan, with the fields that `import_catalog --format json` prints."""

    id: Annotated[int | None, "The number of the run; null: there is nothing to do."]
    status: Annotated[str, "planned, stopped, applied, discarded, rolled_back or nothing_to_do."]
    outcome: NotRequired[Annotated[str, "plan_waits, guard_stopped or done."]]
    fingerprint: NotRequired[Annotated[str, "Changes with the plan."]]
    counts: NotRequired[dict[str, Any]]
    guards: NotRequired[list[str]]


class AppliedPlan(TypedDict):
    """What was applied, with the fields of the plan."""

    id: int
    status: str
    outcome: str
    rest: Annotated[int | None, "The run in which the rest waits."]


class RolledBackRun(TypedDict):
    """What was rolled back, by kind of rows."""

    id: int
    status: str
    restored: dict[str, Any]
    removed: dict[str, Any]
    ended: dict[str, Any]
    stays: Annotated[list[str], "What was changed since, and stays."]
