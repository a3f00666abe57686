"""Any host's list of models: `GET /v1/models` of OpenAI and compatible hosts, of Anthropic and of Gemini.

Only the id is required; other fields are read if the host states them. Prices, which every host writes in its own
units, are read by catalog/sources/host_prices.py.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog import parameters, vendor_matching
from catalog.sources import inferred_fields
from catalog.sources.host_prices import prices_of
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import Row, SourceError, is_number, read_body

ENVELOPES = ("data", "models")
# Times that programs write into every row.
CONSTANT_TIMES = (0, 1626777600, 1677610602, 1700000000)
# If a larger share of the rows has the same time, it is when the list was created, not a release date.
SHARED = 0.8
CONTEXT = ("context_length", "context_window", "max_context_length", "max_model_len")
INPUT = ("max_input_tokens", "inputTokenLimit")
OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_tokens", "outputTokenLimit", "max_output_length")
TITLES = ("display_name", "displayName", "name")
# Hosts' names of kinds of models -> output modality.
KINDS = {
    "chat": "text",
    "language": "text",
    "code": "text",
    "embedding": "embedding",
    "image": "image",
    "video": "video",
    "audio": "audio",
}
METHODS = {"generateContent": "gemini", "embedContent": "embeddings"}
PARAMETERS = {"temperature": "temperature", "topP": "top_p", "topK": "top_k", "maxTemperature": "max_temperature"}
FLAGS = {
    "function_calling": "tools",
    "tool-use": "tools",
    "tool_use": "tools",
    "vision": "vision",
    "reasoning": "reasoning",
    "file-input": "pdf_input",
}
# Not useful in a catalog: only for the host's own programs, or about how a model was trained and is run.
IGNORED = (
    "id",
    "object",
    "model",
    "owned_by",
    "organization",
    "created",
    "created_at",
    "released",
    "permission",
    "root",
    "parent",
    "link",
    "running",
    "config",
    "public_apps",
    "default_model_temperature",
    "version",
    "fingerprint",
    *PARAMETERS,
    "thinking",
    "size",
    "digest",
    "details",
    "modified_at",
    "hugging_face_id",
    "canonical_slug",
    "aliases",
    "active",
    "description",
    "top_provider",
)
PAGED = ("has_more", "nextPageToken")


def read(content: bytes) -> Document:
    """The models in the response; InexactError or SourceError if it is not a list of models."""
    body = read_body(content)
    rows = _rows(body)
    findings: list[str] = []
    named = [(name, row) for row in rows if (name := _name(row))]
    if rows and not named:
        raise SourceError("The document is not a list of models: none of its entries has an id.")
    if len(named) < len(rows):
        findings.append(f"{len(rows) - len(named)} rows have no id and were left out")
    if isinstance(body, dict) and any(body.get(key) for key in PAGED):
        findings.append("the document is one page of several; only its models were read")
    constant_times = _constant_times([row for _, row in named])
    records: dict[str, Record] = {}
    for name, row in named:
        if name in records:
            findings.append(f"{name[:255]} appears more than once in the list; the first row is used")
        else:
            records[name] = _record(name, row, constant_times)
    aliases = _aliases(dict(reversed(named)))
    return Document(tuple(records.values()), Structure(aliases=aliases), findings=tuple(findings))


def _aliases(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Aliases that hosts list in a row; Mistral also lists each alias as a row, which stays a model here."""
    aliases_of_models: dict[str, Mapping[str, Any]] = {}
    for name, row in rows.items():
        aliases = row.get("aliases")
        for alias in aliases if isinstance(aliases, list) else ():
            if isinstance(alias, str) and alias and alias not in rows:
                aliases_of_models.setdefault(alias, {"model": name})
    return aliases_of_models


def _rows(body: Any) -> list[Any]:
    """The entries, with or without an envelope; an entry that is only an id is a row with that id."""
    if isinstance(body, dict):
        if isinstance(body.get("error"), dict | str):
            raise SourceError("The document is an error message, not a list of models.")
        envelope = next((body[key] for key in ENVELOPES if isinstance(body.get(key), list)), None)
        body = envelope if envelope is not None else [body] if _name(body) else None
    if not isinstance(body, list):
        raise SourceError("The document is not a list of models: it has no list named data or models.")
    return [{"id": entry} if isinstance(entry, str) else entry for entry in body]


def _name(row: Any) -> str | None:
    """The id: Gemini writes models/gemini-…, and Ollama has only a name."""
    name = (row.get("id") or row.get("name")) if isinstance(row, dict) else None
    return name.removeprefix("models/") or None if isinstance(name, str) else None


def _constant_times(rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    counted = Counter(str(row.get("created")) for row in rows)
    shared = {time for time, number in counted.items() if len(rows) > 1 and number > len(rows) * SHARED}
    return frozenset({*shared, *map(str, CONSTANT_TIMES)})


def _record(name: str, values: Mapping[str, Any], constant_times: frozenset[str]) -> Record:
    row = Row(values)
    row.taken.update(IGNORED)
    if row.take("active") is False:
        row.report("is disabled in the source")
    inputs, outputs = _modalities(row)
    listed, types = _endpoint_types(row, name, outputs)
    context, longest_input, longest_output = _limits(row)
    return Record(
        name=name,
        display_name=_title(row, name),
        vendor=_vendor(values, name),
        description=row.text("description", longest=10_000),
        context_length=context,
        max_input_tokens=longest_input,
        max_output_tokens=longest_output,
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=_capabilities(row, inputs),
        reasoning_levels=_reasoning_levels(row),
        supported_endpoint_types=types,
        **_gemini(row),
        released_on=_released(values, constant_times),
        retires_on=_day(row.take("deprecation")) or _day(row.take("shutdown_date")),
        prices=prices_of(row),
        inferred=frozenset({"released_on"} if listed else {"released_on", "supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _vendor(values: Mapping[str, Any], name: str) -> str | None:
    """The owner, if it is a known vendor and the id names none: most hosts write their own name there."""
    if vendor_matching.vendor_of_model(name):
        return None
    owners = (values.get(key) for key in ("organization", "owned_by"))
    return next((owner for owner in owners if isinstance(owner, str) and vendor_matching.known_vendor(owner)), None)


def _title(row: Row, name: str) -> str | None:
    titles = [row.text(key, longest=255) for key in TITLES]
    return next((title for title in titles if title and title.removeprefix("models/") != name), None)


def _limits(row: Row) -> tuple[int | None, int | None, int | None]:
    """The context window, the input limit and the output limit. Anthropic and Gemini list no context window."""
    top = row.values.get("top_provider")
    outputs = [row.count(key) for key in OUTPUT]
    if isinstance(top, dict):
        outputs.append(Row(top).count("max_completion_tokens"))
    context, longest_input = (next(filter(None, [row.count(key) for key in keys]), None) for keys in (CONTEXT, INPUT))
    output = next(filter(None, outputs), None)
    if context is None:
        context, longest_input = inferred_fields.window_and_input(longest_input, output)
    if context and output and output > context:
        row.report("has more output tokens than its context length; the output limit was left out")
        output = None
    return context, longest_input, output


def _modalities(row: Row) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The modalities that it lists itself or under architecture; otherwise the output that its type implies."""
    values = row.take("architecture")
    sides = Row(values if isinstance(values, dict) else {})
    inputs = row.names("input_modalities") or sides.names("input_modalities")
    outputs = row.names("output_modalities") or sides.names("output_modalities")
    kind = row.take("type")
    if outputs is None and isinstance(kind, str) and kind in KINDS:
        outputs = (KINDS[kind],)
    return inferred_fields.modalities(inputs), inferred_fields.modalities(outputs)


def _endpoint_types(row: Row, name: str, outputs: tuple[str, ...] | None) -> tuple[bool, tuple[str, ...] | None]:
    """Whether the source lists endpoint types, and the endpoint types."""
    listed, methods = row.names("supported_endpoint_types"), row.names("supportedGenerationMethods")
    if listed:
        return True, listed
    if methods is not None:
        return False, tuple(METHODS[method] for method in methods if method in METHODS) or None
    return False, inferred_fields.endpoint_types(name, outputs)


def _gemini(row: Row) -> dict[str, Any]:
    """Fields of Gemini's own list, whose keys have other meanings elsewhere, or defaults in OpenRouter's format."""
    defaults = row.take("default_parameters")
    if "supportedGenerationMethods" not in row.values:
        if not isinstance(defaults, dict):
            return {}
        return {"default_parameters": parameters.valid_parameters(defaults) or None}
    stated = {name: row.values[key] for key, name in PARAMETERS.items() if key in row.values}
    return {
        "version": row.text("version", longest=64),
        "default_parameters": parameters.valid_parameters(stated) or None,
    }


def _capabilities(row: Row, inputs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Mistral has flags, Vercel tags, OpenRouter and compatible hosts the supported parameters or features."""
    flags, tags, parameters = row.take("capabilities"), row.take("tags"), row.take("supported_parameters")
    features = row.take("supported_features")
    if not isinstance(flags, dict) and not any(isinstance(names, list) for names in (tags, parameters, features)):
        return None
    named = (
        [FLAGS[key] for key, value in flags.items() if value is True and key in FLAGS]
        if isinstance(flags, dict)
        else []
    )
    named += [FLAGS[tag] for tag in tags if isinstance(tag, str) and tag in FLAGS] if isinstance(tags, list) else []
    named += [*_parameters(parameters), *_parameters(features)]
    return inferred_fields.capabilities(named, inputs)


def _reasoning_levels(row: Row) -> tuple[str, ...] | None:
    """The efforts: as options (ours, Modal), of OpenRouter's reasoning, or of Anthropic's capabilities."""
    options, reasoning, flags = row.take("reasoning_options"), row.take("reasoning"), row.take("capabilities")
    efforts = reasoning.get("supported_efforts") if isinstance(reasoning, dict) else None
    effort = flags.get("effort") if isinstance(flags, dict) else None
    if isinstance(effort, dict):
        efforts = [name for name, level in effort.items() if isinstance(level, dict) and level.get("supported") is True]
    return inferred_fields.reasoning_options(options) or inferred_fields.reasoning_levels(efforts)


def _parameters(parameters: Any) -> Iterable[str]:
    words = ("tools", "structured_outputs", "reasoning", "web_search")
    return [name for name in parameters if name in words] if isinstance(parameters, list) else []


def _released(values: Mapping[str, Any], constant_times: frozenset[str]) -> dt.date | None:
    """The release date, unless the time is not the model's own: vLLM states when the request was made."""
    if values.get("released") is not None:
        return _day(values["released"])
    created = values.get("created", values.get("created_at"))
    return None if str(created) in constant_times or "max_model_len" in values else _day(created)


def _day(time: Any) -> dt.date | None:
    """The day of a Unix time, or of a text that starts with a date; None for anything else."""
    try:
        if is_number(time) and time > 0:
            return dt.datetime.fromtimestamp(int(time), tz=dt.UTC).date()
        if isinstance(time, str) and re.match(r"\d{4}-\d\d-\d\d", time):
            return dt.date.fromisoformat(time[:10])
    except (OverflowError, OSError, ValueError):
        return None
    return None
