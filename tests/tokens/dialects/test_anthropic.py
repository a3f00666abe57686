"""Details of Anthropic's models that the golden files do not show."""

import pytest
from django.test import Client

from tests import world
from tests.tokens.dialects.bodies import body_of

pytestmark = pytest.mark.django_db


# Capabilities that price files report: never all of those that the dialect lists.
COMMON = [
    ["tools", "vision"],
    ["tools", "reasoning", "vision", "structured_outputs", "web_search"],
    ["reasoning", "thinking_adaptive", "effort_max", "effort_xhigh"],
    ["reasoning", "batch", "citations"],
]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("claude-opus-5-5", "opus"),
        ("claude-3-5-sonnet-20241022", "sonnet"),
        ("us.anthropic.claude-haiku-4-5", "haiku"),
        ("anthropic/claude-fable-6", "fable"),
        ("gpt-opus", None),
        ("claude-instant", None),
    ],
)
def test_anthropics_line_is_derived_from_the_id(client: Client, name: str, line: str | None) -> None:
    world.model(name)

    assert body_of(client, f"/anthropic/v1/models/{name}")["line"] == line


def test_unknown_capabilities_are_null_and_known_ones_are_complete(client: Client) -> None:
    world.model("unknown")
    world.model("known", capabilities=["effort_high", "server_code_execution"])

    known = body_of(client, "/anthropic/v1/models/known")["capabilities"]

    assert body_of(client, "/anthropic/v1/models/unknown")["capabilities"] is None
    for number, common in enumerate(COMMON):
        world.model(f"common-{number}", capabilities=common, input_modalities=["text", "image", "pdf"])
        assert body_of(client, f"/anthropic/v1/models/common-{number}")["capabilities"] is None
    assert known["effort"] == {
        "supported": True,
        **{level: {"supported": level == "high"} for level in ("low", "medium", "high", "xhigh", "max")},
    }
    assert known["server_tools"]["supported"] is True
    assert known["batch"] == {"supported": False}
