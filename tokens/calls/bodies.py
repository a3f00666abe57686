"""Reads the models that the body of a call names: JSON, or a form. Pure.

The upstream reads the same bytes with another parser. A body that two parsers could read differently is therefore
refused, and so is one in an encoding that only some of them undo.
"""

import re
from json import detect_encoding

from tokens.calls.forms import read_multipart, read_urlencoded
from tokens.calls.json_bodies import read_json
from tokens.calls.named import NamedModels, Names, UnreadableBodyError

MEDIA_TYPE = re.compile(r"([a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+)((?:[ \t]*;[^;]*)*)", re.IGNORECASE)
PARAMETER = re.compile(r"[ \t]*;[ \t]*(?:([a-z0-9-]+\*?)=(?:\"([^\"\\]*)\"|([^\s\";,]+))[ \t]*)?", re.IGNORECASE)
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
# Types of JSON; "" is a body without a type.
JSON = re.compile(r"|(?:application|text)/json|.+\+json")
UTF_8 = ("utf-8", "utf8")
BLANKS = " \t\r\n"


def models_in_body(content_type: str, body: bytes) -> NamedModels:
    """The models that a body of this type names; UnreadableBodyError if it cannot be read in exactly one way."""
    names = Names()
    if body:
        media_type, parameters = parse_content_type(content_type)
        if media_type == MULTIPART:
            read_multipart(body, parameters.get("boundary", ""), names)
        elif media_type == URLENCODED:
            # curl sends this type with JSON too, and many upstreams read JSON whatever the type is.
            if looks_like_json(body):
                read_json(body, names)
            read_urlencoded(body, names)
        elif media_type.startswith("multipart/"):
            raise UnreadableBodyError(f"A form must be of the type {MULTIPART}.")
        elif JSON.fullmatch(media_type) or looks_like_json(body):
            # Many upstreams ignore the type. Files of other types can be uploaded where no model is named.
            read_json(body, names)
    return names.result()


def parse_content_type(content_type: str) -> tuple[str, dict[str, str]]:
    """The media type and its parameters, in lower case except for their values; ("", {}) without a type."""
    if not content_type.strip():
        return "", {}
    match = MEDIA_TYPE.fullmatch(content_type.strip())
    if match is None:
        raise UnreadableBodyError("The Content-Type is not valid.")
    parameters: dict[str, str] = {}
    at = 0
    while at < len(match[2]):
        parameter = PARAMETER.match(match[2], at)
        if parameter is None or (parameter[1] or "").lower() in parameters:
            raise UnreadableBodyError("The Content-Type is not valid.")
        at = parameter.end()
        if parameter[1]:
            parameters[parameter[1].lower()] = parameter[2] if parameter[2] is not None else parameter[3]
    if any(name.endswith("*") for name in parameters) or parameters.get("charset", UTF_8[0]).lower() not in UTF_8:
        raise UnreadableBodyError("The body must be in UTF-8.")
    return match[1].lower(), parameters


def looks_like_json(body: bytes) -> bool:
    """Whether some parser could read an object from the body.

    Tolerant ones skip comments and a byte order mark; Python's also reads UTF-16 and UTF-32.
    """
    start = body[:256]
    text = start.decode(detect_encoding(start), "replace").lstrip("\ufeff" + BLANKS)
    return not text or text.startswith(("{", "[", "/", "#"))
