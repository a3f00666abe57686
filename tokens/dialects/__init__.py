"""The response formats that clients expect, one file each.

A dialect defines how its clients are recognized, where they send the key, the list and its paging, the single model,
and the error. To add one, copy the most similar file and add it to DIALECTS.
"""

from django.http import HttpRequest

from tokens.dialects.anthropic import Anthropic
from tokens.dialects.base import Dialect, query_of
from tokens.dialects.gemini import Gemini
from tokens.dialects.openai import OpenAI

# The first one that recognizes the request is used; the last one recognizes every request.
DIALECTS: tuple[Dialect, ...] = (Anthropic(), Gemini(), OpenAI())
# The longest path wins: /v1beta/openai/ is OpenAI's, the rest of /v1beta/ is Gemini's.
BY_PATH = sorted(((path, dialect) for dialect in DIALECTS for path in dialect.paths), key=lambda entry: -len(entry[0]))


def dialect_of(request: HttpRequest) -> Dialect:
    """The dialect of the response, chosen before authentication, so that a refusal has the right format too."""
    by_path = (dialect for path, dialect in BY_PATH if f"{request.path}/".startswith(path))
    by_query = (dialect for dialect in DIALECTS if dialect.name == query_of(request).get("dialect"))
    return (
        next(by_path, None)
        or next(by_query, None)
        or next(dialect for dialect in DIALECTS if dialect.is_announced_by(request))
    )
