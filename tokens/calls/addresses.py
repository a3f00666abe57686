"""What the address of a call names. Pure.

Proxies and upstreams do not read an address alike. nginx, Envoy and Go's net/http resolve `..`, merge slashes and
decode percent-encoding at different moments; Envoy may turn `%2F` and backslashes into slashes; Java's servers cut
`;a=b` off; Express ignores upper and lower case. An address that any of them could read as another one is refused:

| part of a path | reason |
|---|---|
| no slash at the start, `http://host/…`, `*` | only some read a path out of it |
| `//`, `.`, `..`, also as `%2e` or around `%2F` | some resolve them, others send them on |
| a segment that ends with a dot, or starts or ends with a space | Windows removes these |
| a backslash, `%5C` | some read a slash |
| `;`, `%3B` | some read a parameter |
| `?`, `#`, `,`, also encoded | some decode first and end the path there; a comma joins repeated headers |
| control characters, ``"<>^`{|}``, invalid encoding or UTF-8 | some refuse, drop or replace them |
| percent-encoding outside of an id | some compare known addresses before they decode, others after it |
| a known address in other upper and lower case | some ignore the difference |
| an id with a segment such as `models` or `deployments` | some read another id behind it |
| more than 8192 bytes | some have smaller buffers |

Within an id, `%2F` is a slash of the id, as OpenAI's and Azure's clients send it: an upstream reads this id or none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import unquote_to_bytes

from tokens.calls.endpoints import Endpoint, Match, Route, Routes, StatedIn
from tokens.calls.named import plain
from tokens.calls.routes import KNOWN, WORDS

MAX_LENGTH = 8192
# Slashes and colons of an id or of an unknown path: each part between them is looked up.
MAX_PARTS = 12
# Characters of a path as it is sent; all others are percent-encoded. Bytes of UTF-8 may be sent as they are.
SENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+=:@/\[\]\x80-\xff-]|%[0-9A-Fa-f]{2})*")
SENT_IN_QUERY = re.compile(r"(?:[!-\"$&-~\x80-\xff]|%[0-9A-Fa-f]{2})*")
NOT_IN_PATHS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\;?#,]")
NOT_IN_VALUES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029,]|%[0-9A-Fa-f]{2}")
ENCODED = re.compile("%[0-9A-Fa-f]{2}")
# What follows an id in Gemini's addresses.
METHOD = re.compile(r":(?:[a-z]+[A-Z]\w*|predict)$")
END_OF_ID = re.compile("[:/]")
# Parameters by which some upstream chooses the model, in plain letters: model_id, Model, models[].
MODEL_PARAMETERS = frozenset({
    "model", "models", "modelid", "modelids", "modelname", "modelnames", "modelslug", "modelversion", "modeluri",
    "deployment", "deployments", "deploymentid", "deploymentname", "engine", "engines", "engineid", "enginename",
    "fallback", "fallbacks", "fallbackmodel", "fallbackmodels", "targetmodel", "targetmodels", "targetmodelnames",
    "basemodel", "litellmmodel", "xlitellmmodel",
})  # fmt: skip


class AmbiguousAddressError(ValueError):
    """The address does not have exactly one meaning; the text says why, for the caller."""


@dataclass(frozen=True, slots=True)
class Query:
    """The query of an address: its parameters that name models, each with its value, and the values of `key`."""

    models: tuple[tuple[str, str], ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """What one address names.

    The key must be allowed all `models` (named by the path) and all `query_models` (by the query, in any spelling).
    `readings` are parts of the path that some upstream may take for the id, e.g. `x` in `models/x:free:method`: if the
    catalog has a model or alias of that name, the key must be allowed it too.

    `stated` are the models that the upstream uses, if this endpoint takes them from the address. If it is empty and
    `endpoint.stated_in` is not NOWHERE, the call has to state its model in its body or a trusted header: another
    address, which the caller may have sent, cannot do that. An address without an `endpoint` is unknown: nobody knows
    where its upstream reads the model, and its `readings` are all parts of its path.
    """

    endpoint: Endpoint | None = None
    models: tuple[str, ...] = ()
    query_models: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()


def read_address(address: str, *, method: str | None = None, routes: Routes = KNOWN) -> Address:
    """Path and query of a call; AmbiguousAddressError if upstreams could read them in several ways.

    The address is that of the request line, not decoded. Like all texts of a WSGI environ, it has one character per
    byte. Without a `method`, the address is the endpoint that is called with POST.
    """
    path, _, text = address.partition("?")
    query = read_query(text)
    decoded = _decoded_path(path)
    meanings = _meanings(path, routes, _decoded)
    if decoded != path and meanings != _meanings(decoded, routes, str):
        # Servers compare known addresses before or after they decode them.
        raise AmbiguousAddressError("its path is percent-encoded where no id is")
    query_models = tuple(dict.fromkeys(value for _, value in query.models))
    called = next((found for found in meanings if method is None or method in (found[0].methods or {method})), None)
    if called is None:
        if routes.match_in_other_case(_plain(decoded)):
            raise AmbiguousAddressError("its path differs from a known one in upper and lower case")
        return Address(None, (), query_models, _parts(decoded))
    route, model = called
    models = route.models if model is None else (model,)
    stated = {
        StatedIn.PATH: models,
        StatedIn.QUERY: tuple(value for name, value in query.models if name in route.parameters),
    }.get(route.endpoint.stated_in, ())
    readings = route.readings if model is None else _readings(model)
    return Address(route.endpoint, models, query_models, readings, stated)


def read_query(text: str) -> Query:
    """The query without its question mark; AmbiguousAddressError as in `read_address`."""
    if len(text) > MAX_LENGTH:
        raise AmbiguousAddressError(f"its query is longer than {MAX_LENGTH} bytes")
    if SENT_IN_QUERY.fullmatch(text) is None:
        raise AmbiguousAddressError("its query contains spaces, control characters, # or invalid percent-encoding")
    pairs = [_pair(part) for part in text.split("&") if part]
    named = [(name, value) for name, value in pairs if _names_model(name)]
    # Some servers separate parameters at semicolons too.
    if ";" in text and named != [pair for pair in map(_pair, re.split("[&;]", text)) if _names_model(pair[0])]:
        raise AmbiguousAddressError("a semicolon in its query separates parameters for some servers only")
    if any(NOT_IN_VALUES.search(value) for _, value in named):
        raise AmbiguousAddressError("a model in its query is encoded twice, or contains a comma or control character")
    models = tuple((name, value) for name, value in named if value)
    return Query(models, tuple(value for name, value in pairs if name == "key" and value))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    name = _decoded(name.replace("+", " "))
    if NOT_IN_VALUES.search(name):
        raise AmbiguousAddressError(
            "the name of a parameter is encoded twice, or contains a comma or control character"
        )
    if _names_model(name):
        if "+" in value:
            raise AmbiguousAddressError("a plus sign in its query is a space for some servers only: send %20 or %2B")
        return name, _decoded(value)
    return name, _decoded(value.replace("+", " "))


def _names_model(name: str) -> bool:
    """Whether some upstream may read a model from this parameter: also from `body[model]` and `models[0].id`."""
    parts = (plain(part) for part in re.split(r"[\[\].]", name))
    return not MODEL_PARAMETERS.isdisjoint(parts)


def _decoded(text: str) -> str:
    """Text of bytes, percent-decoded once; AmbiguousAddressError if it is not UTF-8."""
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode()
    except UnicodeError:
        raise AmbiguousAddressError("it contains bytes that are not UTF-8") from None


def _decoded_path(path: str) -> str:
    """A path that every server decodes to this one, and to nothing else."""
    if len(path) > MAX_LENGTH:
        raise AmbiguousAddressError(f"its path is longer than {MAX_LENGTH} bytes")
    if not path.startswith("/"):
        raise AmbiguousAddressError("it does not start with a slash")
    if SENT.fullmatch(path) is None:
        raise AmbiguousAddressError("its path contains characters that must be percent-encoded, or invalid encoding")
    decoded = _decoded(path)
    if NOT_IN_PATHS.search(decoded):
        raise AmbiguousAddressError(r"its path contains a control character or one of \ ; ? # ,")
    # Servers answer, redirect or refuse an address with a slash at its end, but none reads another one.
    for segment in _segments(decoded.removesuffix("/") if path.endswith("/") else decoded):
        if not segment:
            raise AmbiguousAddressError("its path contains an empty segment, as in //")
        if not _is_plain(segment):
            raise AmbiguousAddressError("a segment of its path ends with a dot, or starts or ends with a space")
    return decoded


def _is_plain(segment: str) -> bool:
    return bool(segment) and not segment.endswith(".") and segment == segment.strip()


def _segments(path: str) -> list[str]:
    return path[1:].split("/") if path else []


def _plain(path: str) -> str:
    return path[1:].removesuffix("/")


def _meanings(path: str, routes: Routes, decode: Callable[[str], str]) -> list[tuple[Route, str | None]]:
    """The routes of a path, the more specific ones first, and the id in it; empty for an unknown address."""
    named = [(match.route, _model_id(match, decode)) for match in routes.matches(_plain(path))]
    meanings = [(route, model) for route, model in named if model is None or _is_id(model, route)]
    if any(model for _, model in named):
        if path.endswith("/"):
            raise AmbiguousAddressError("its path has a slash behind the id of a model")
        if not meanings and any(model and _has_words(model) for _, model in named):
            raise AmbiguousAddressError("the id of the model contains a segment of other addresses, such as models")
    if len({model for _, model in meanings}) > 1:
        raise AmbiguousAddressError("several parts of its path can be the id of the model")
    return meanings


def _model_id(match: Match, decode: Callable[[str], str]) -> str | None:
    if match.model is None:
        return None
    # Gemini's clients write the id as `models/<id>`, and some append that to the address of the list.
    model = decode(match.model).removeprefix("models/")
    return f"tunedModels/{model}" if "tunedModels/{model}" in match.route.template else model


def _is_id(model: str, route: Route) -> bool:
    """Whether this part of an address is an id, not something that ends with a method of Gemini."""
    return not _has_words(model) and not (route.template.endswith("{model}") and METHOD.search(model))


def _has_words(model: str) -> bool:
    return not WORDS.isdisjoint(model.removeprefix("tunedModels/").casefold().split("/"))


def _readings(model: str) -> tuple[str, ...]:
    """Other ids that an upstream may read: up to a colon or slash, or decoded once more."""
    _limit_parts(model)
    readings = [model[: end.start()] for end in END_OF_ID.finditer(model) if end.start()]
    while ENCODED.search(model):
        model = _decoded(model.encode().decode("latin-1"))
        if NOT_IN_PATHS.search(model) or not all(map(_is_plain, model.split("/"))):
            raise AmbiguousAddressError("its path is encoded twice")
        readings.append(model)
    return tuple(dict.fromkeys(readings))


def _parts(path: str) -> tuple[str, ...]:
    """Every part of the path that an upstream may read as an id."""
    if ENCODED.search(path):
        raise AmbiguousAddressError("its path is encoded twice")
    _limit_parts(path)
    segments = [segment for segment in _segments(path) if segment]
    runs = ["/".join(segments[start:end]) for start, end in combinations(range(len(segments) + 1), 2)]
    cut = [run[: end.start()] for run in runs for end in re.finditer(":", run) if end.start()]
    return tuple(dict.fromkeys([*runs, *cut]))


def _limit_parts(text: str) -> None:
    if len(END_OF_ID.findall(text)) > MAX_PARTS:
        raise AmbiguousAddressError("too many parts of its path can be the id of the model")
