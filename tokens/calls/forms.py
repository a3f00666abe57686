"""Reads the models that a form names, if every parser reads the same fields from it. Pure.

Parsers of multipart/form-data differ in what they forgive, so everything is refused that no client library sends.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tokens.calls.json_bodies import read_json
from tokens.calls.named import Names, UnreadableBodyError, plain, spellings

# Bytes of the head of a part, and of a field that names models.
LONGEST_HEAD = 8 * 1024
LONGEST_VALUE = 64 * 1024
MOST_PARTS = 10_000
MOST_FIELDS = 1_000_000
# Fields that contain names, and fields that contain JSON.
NAMES = ("model", "model_name", "model_id", "deployment_id", "target_model_names")
OBJECTS = {"session": "session"}
# Fields that some programs read, and that no form of a vendor has.
REFUSED = ("models", "fallbacks", "extra_body", "modelId", "_charset_")
SPELLINGS = spellings((*NAMES, *OBJECTS, *REFUSED))

BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=?-]{1,70}")
FIELD = re.compile(r"[^\x00-\x1f\x7f\"\\%;=]{1,200}")
DISPOSITION = re.compile(r'form-data((?:[ \t]*;[ \t]*[a-z]+\*?=(?:"[^"]*"|[^\s";,]+))+)[ \t]*')
PARAMETER = re.compile(r'[ \t]*;[ \t]*([a-z]+\*?)=(?:"([^"]*)"|([^\s";,]+))')
HEADER = re.compile(r"([A-Za-z0-9-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
NAME_WITHIN = re.compile(r"name\s*\*?\s*=|\\[\"\\]", re.IGNORECASE)
UNCODED = ("7bit", "8bit", "binary")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Part(NamedTuple):
    """A part of a form: its name, whether it is a file, and where its content is."""

    name: str
    is_file: bool
    charset: str
    start: int
    end: int


def read_multipart(body: bytes, boundary: str, names: Names) -> None:
    """Adds the models that a form with parts names."""
    seen: set[str] = set()
    for part in _parts(body, boundary):
        spelling = _spelling(part.name)
        if spelling is None:
            continue
        if part.name in seen:
            raise UnreadableBodyError(f"The form has the field `{spelling}` twice.")
        seen.add(part.name)
        if part.is_file or part.charset not in ("", "utf-8"):
            raise UnreadableBodyError(f"The field `{spelling}` must be a text in UTF-8 without a file name.")
        if part.end - part.start > LONGEST_VALUE:
            raise UnreadableBodyError(f"The field `{spelling}` is too long.")
        _read_field(part.name, body[part.start : part.end], names)


def read_urlencoded(body: bytes, names: Names) -> None:
    """Adds the models that an encoded form names."""
    if body.count(b"&") + body.count(b";") > MOST_FIELDS:
        raise UnreadableBodyError(f"The form has more than {MOST_FIELDS:,} fields.")
    seen: set[str] = set()
    for field in body.split(b"&"):
        # Some parsers also separate fields by semicolons.
        places = [_named_field(part) for part in field.split(b";")]
        name = next(filter(None, places), None)
        if name is None:
            continue
        encoded_value = field.partition(b"=")[2]
        if len(places) > 1 or name in seen or BAD_ESCAPE.search(field.decode("latin-1")) or b"\x00" in encoded_value:
            raise UnreadableBodyError(f"The form has the field `{name}` twice, or not in a valid encoding.")
        seen.add(name)
        _read_field(name, unquote_to_bytes(encoded_value.replace(b"+", b" ")), names)


def _named_field(field: bytes) -> str | None:
    """The name of a field that names models; None for other fields."""
    try:
        return _spelling(_decoded(field.partition(b"=")[0]))
    except UnicodeDecodeError:
        raise UnreadableBodyError("The form is not valid UTF-8.") from None


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode()


def _spelling(name: str) -> str | None:
    """The field as which some program may read this one; None if no program reads models from it.

    Fields of lists and objects are written as `models[]` and `session[model]`.
    """
    spelling = SPELLINGS.get(plain(name.partition("[")[0]))
    if spelling is not None and (name != spelling or spelling in REFUSED):
        raise UnreadableBodyError(
            f"The form has a field that some programs read as `{spelling}`. Send only the field `model`."
        )
    return spelling


def _read_field(name: str, value: bytes, names: Names) -> None:
    if name in OBJECTS:
        read_json(value, names, level=OBJECTS[name])
        return
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise UnreadableBodyError(f"The field `{name}` is not valid UTF-8.") from None
    names.add(text, field=name)


def _parts(body: bytes, boundary: str) -> Iterator[Part]:
    """The parts of the form, without copies of their contents."""
    if not BOUNDARY.fullmatch(boundary):
        raise UnreadableBodyError("The Content-Type has no valid boundary.")
    line = b"--" + boundary.encode()
    if not body.startswith(line):
        raise UnreadableBodyError("The form does not begin with its boundary.")
    at = len(line)
    for _ in range(MOST_PARTS):
        if body[at : at + 5] in (b"--", b"--\r\n"):
            return
        if body[at : at + 2] != b"\r\n":
            break
        end = body.find(line, at)
        if end < 0 or body[end - 2 : end] != b"\r\n" or end - 2 < at + 2:
            # Parsers differ in what they take for a boundary, so it must not be within a part.
            break
        yield _part(body, at + 2, end - 2)
        at = end + len(line)
    raise UnreadableBodyError("The form is malformed, or incomplete.")


def _part(body: bytes, start: int, end: int) -> Part:
    head_end = body.find(b"\r\n\r\n", start, min(end, start + LONGEST_HEAD))
    if head_end < 0:
        raise UnreadableBodyError("A part of the form has no head, or a head that is too long.")
    headers: dict[str, str] = {}
    try:
        lines = body[start:head_end].decode().split("\r\n")
    except UnicodeDecodeError:
        raise UnreadableBodyError("The head of a part is not valid UTF-8.") from None
    for line in lines:
        match = HEADER.fullmatch(line)
        if match is None or match[1].lower() in headers:
            raise UnreadableBodyError("The head of a part is malformed.")
        headers[match[1].lower()] = match[2].strip()
    if headers.get("content-transfer-encoding", "binary").lower() not in UNCODED or "content-encoding" in headers:
        raise UnreadableBodyError("A part of the form is encoded. Send it as it is.")
    parameters = _parameters(headers.get("content-disposition", ""))
    charset = re.search(r"charset=[\"']?([^\s\"';]*)", headers.get("content-type", ""), re.IGNORECASE)
    return Part(
        parameters["name"],
        bool(parameters.keys() & {"filename", "filename*"}),
        charset[1].lower() if charset else "",
        head_end + 4,
        end,
    )


def _parameters(disposition: str) -> dict[str, str]:
    """The parameters of a Content-Disposition: only the usual ones are allowed, once each."""
    match = DISPOSITION.fullmatch(disposition)
    found = PARAMETER.findall(match[1]) if match else []
    parameters = {name: quoted or token for name, quoted, token in found}
    # Parsers that do not understand quotes find a name within the name of a file.
    file_names = " ".join(parameters.get(name, "") for name in ("filename", "filename*"))
    has_twice = len(parameters) != len(found)
    has_others = bool(parameters.keys() - {"name", "filename", "filename*"})
    if has_twice or has_others or NAME_WITHIN.search(file_names) or not FIELD.fullmatch(parameters.get("name", "")):
        raise UnreadableBodyError("A part of the form has no valid name.")
    return parameters
