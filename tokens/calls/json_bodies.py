"""Reads the models that a JSON body names, if every JSON parser reads the same fields from it. Pure.

Vendors and gateways name further models beside `model`: OpenRouter's `models` and plugins, Anthropic's and LiteLLM's
`fallbacks`, the requests of a batch, the model of a tool. Texts of the conversation and schemas of functions are not
read: they may contain any field.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from tokens.calls.named import Names, UnreadableBodyError, plain, spellings

# Values in a body. Each takes up to 100 bytes in memory; a long conversation has a few ten thousand.
MOST_VALUES = 2_000_000
# Fields of one object that names models.
MOST_FIELDS = 10_000
# Objects within objects that name models.
DEEPEST = 16
NOT_ONE_TEXT = "must be one text"


@dataclass(frozen=True)
class Level:
    """Fields of an object: those that contain names, alternatives to the model, and objects with such fields."""

    names: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    # Field -> the level of the object, or of each object of the list, that it contains.
    nested: Mapping[str, str] = field(default_factory=dict)
    # Whether every field that ends in `model` or `models` contains names.
    is_tool: bool = False

    @cached_property
    def spellings(self) -> dict[str, str]:
        return spellings((*self.names, *self.fallbacks, *self.nested))


# OpenAI, Anthropic, Gemini: `model`. OpenRouter: `models`. Kling: `model_name`. ElevenLabs: `model_id`. LiteLLM:
# `deployment_id`, which replaces the model, and `target_model_names`.
NAMES = ("model", "models", "model_name", "model_id", "modelId", "deployment_id", "target_model_names")
# LiteLLM; the first one is Anthropic's too.
FALLBACKS = (
    *("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks"),
    "context_window_fallback_dict",
)
CALL_IN = (
    # LiteLLM.
    *("extra_body", "litellm_params", "default_litellm_params", "litellm_embedding_config", "user_config"),
    *("router_settings_override", "model_list"),
    # OpenAI: evaluations.
    *("completion", "data_source", "testing_criteria"),
    # Batches of Anthropic (`params`), of Gemini (`request`) and of OpenAI (`body`).
    *("requests", "params", "request", "body", "batch", "inputConfig", "input_config"),
    # Gemini: countTokens.
    *("generateContentRequest", "generate_content_request"),
    # Anthropic and Gemini: agents.
    *("agent", "multiagent", "advisor"),
)
LEVELS: Mapping[str, Level] = {
    "call": Level(
        NAMES,
        FALLBACKS,
        {
            **dict.fromkeys(CALL_IN, "call"),
            "session": "session",
            "tools": "tool",
            "plugins": "tool",
            # OpenAI's first realtime API: the body itself is a session.
            "audio": "audio",
            "input_audio_transcription": "call",
        },
    ),
    # OpenAI: realtime sessions, which transcribe with a second model.
    "session": Level(
        NAMES,
        nested={"tools": "tool", "audio": "audio", "input_audio_transcription": "call"},
    ),
    "audio": Level(nested={"input": "audio", "output": "audio", "transcription": "call"}),
    # Tools and plugins that call models: OpenAI's image generation, Anthropic's advisor, OpenRouter's server tools.
    "tool": Level(is_tool=True, nested={"parameters": "tool", "config": "tool"}),
}
# OpenRouter: models that a router must not choose.
NOT_CALLED = ("excludedmodels", "ignoredmodels")


def read_json(body: bytes, names: Names, *, level: str = "call") -> None:
    """Adds the models that a JSON object names; UnreadableBodyError if parsers could differ."""
    read_object(parse_object(body), level, names)


def parse_object(body: bytes) -> dict[str, Any]:
    """The object, with every field once; UnreadableBodyError for everything that strict parsers refuse."""
    # A bound for the memory that the values take; characters of texts count too.
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise UnreadableBodyError(f"The body has more than {MOST_VALUES:,} values.")
    try:
        value = DECODER.decode(str(body, "utf-8"))
    except UnicodeDecodeError:
        raise UnreadableBodyError("The body is not valid UTF-8.") from None
    except RecursionError:
        raise UnreadableBodyError("The body has too many levels.") from None
    except UnreadableBodyError:
        raise
    except ValueError:
        # Its text repeats a part of the body.
        raise UnreadableBodyError("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise UnreadableBodyError("The body must be a JSON object.")
    return value


def read_object(fields: Mapping[str, Any], level: str, names: Names, *, outermost: str = "", depth: int = 0) -> None:
    """Adds what the fields of an object name, and what the objects in it name."""
    if depth > DEEPEST:
        raise UnreadableBodyError(f"Models are named more than {DEEPEST} levels deep.")
    if len(fields) > MOST_FIELDS:
        raise UnreadableBodyError(f"An object has more than {MOST_FIELDS:,} fields.")
    rules = LEVELS[level]
    for name, value in fields.items():
        # Models of a session's tools and transcription are not the model that answers in the session.
        place = name if level == "session" and name in rules.nested else outermost or name
        key = plain(name)
        spelling = rules.spellings.get(key)
        if rules.is_tool and key.endswith(("model", "models")) and key not in NOT_CALLED:
            _read_tool_model(value, names, place)
        elif spelling is None or value is None:
            continue
        elif name in rules.names:
            _read_name(value, name, names, place, depth)
        elif name in rules.fallbacks:
            _read_fallbacks(value, name, names, place, depth)
        elif name in rules.nested:
            _read_nested(value, rules.nested[name], name, names, place, depth)
        else:
            raise UnreadableBodyError(
                f"The body has a field that some programs read as `{spelling}`. Send `{spelling}`."
            )


def _read_name(value: Any, field: str, names: Names, place: str, depth: int) -> None:
    if isinstance(value, str):
        names.add(value, field=place)
    elif field in ("models", "target_model_names") and isinstance(value, list):
        for element in value:
            if isinstance(element, Mapping) and "model" in element:
                read_object(element, "call", names, outermost=place, depth=depth + 1)
            else:
                _read_name(element, "model", names, place, depth)
    else:
        raise UnreadableBodyError(f"`{field}` {NOT_ONE_TEXT}{', or a list of texts' if field == 'models' else ''}.")


def _read_fallbacks(value: Any, field: str, names: Names, place: str, depth: int) -> None:
    """Adds alternatives: names, objects with a model of their own, or lists of these by the model that fails."""
    if depth > DEEPEST:
        raise UnreadableBodyError(f"`{field}` has more than {DEEPEST} levels.")
    if isinstance(value, str):
        names.add(value, field=place)
    elif isinstance(value, list):
        for element in value:
            _read_fallbacks(element, field, names, place, depth + 1)
    elif isinstance(value, Mapping) and isinstance(value.get("model"), str):
        read_object(value, "call", names, outermost=place, depth=depth + 1)
    elif isinstance(value, Mapping):
        for alternatives in value.values():
            _read_fallbacks(alternatives, field, names, place, depth + 1)
    else:
        raise UnreadableBodyError(f"`{field}` must be a list of models.")


def _read_nested(value: Any, level: str, field: str, names: Names, place: str, depth: int) -> None:
    if isinstance(value, Mapping):
        read_object(value, level, names, outermost=place, depth=depth + 1)
    elif isinstance(value, list):
        for element in value:
            if isinstance(element, Mapping):
                read_object(element, level, names, outermost=place, depth=depth + 1)
    elif isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        # LiteLLM reads JSON within some texts.
        raise UnreadableBodyError(f"`{field}` must be an object, not a text that contains one.")


def _read_tool_model(value: Any, names: Names, place: str) -> None:
    # A schema may have fields of these names too: they contain objects.
    for name in value if isinstance(value, list) else [value]:
        if isinstance(name, str):
            names.add(name, field=place)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        # Which of the two is read depends on the program.
        raise UnreadableBodyError("The body has a field twice in one object.")
    return fields


def _refuse_constant(_name: str) -> NoReturn:
    raise UnreadableBodyError("The body contains NaN or Infinity, which JSON does not have.")


_decode: Callable[..., json.JSONDecoder] = json.JSONDecoder
DECODER = _decode(object_pairs_hook=_once, parse_constant=_refuse_constant)
