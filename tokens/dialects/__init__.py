"""The dialects that clients speak, one file each.

A dialect is one thing with five faces: how its client announces itself, where the key is, the list and its paging, the
single model, and the error. To add one, copy the nearest file and put it into DIALECTS.
"""

from django.http import HttpRequest

from tokens.dialects.anthropic import Anthropic
from tokens.dialects.base import Dialect, query_of
from tokens.dialects.gemini import Gemini
from tokens.dialects.openai import OpenAI

# In the order of asking; the last one takes whatever no other claims.
DIALECTS: tuple[Dialect, ...] = (Anthropic(), Gemini(), OpenAI())
# By path the longest wins: /v1beta/openai/ is OpenAI's, the rest of /v1beta/ is Gemini's.
BY_PATH = sorted(((path, dialect) for dialect in DIALECTS for path in dialect.paths), key=lambda entry: -len(entry[0]))


def dialect_of(request: HttpRequest) -> Dialect:
    """The dialect to answer in, decided before authentication, so that a refusal has the right shape too."""
    forced = (dialect for path, dialect in BY_PATH if f"{request.path}/".startswith(path))
    asked = (dialect for dialect in DIALECTS if dialect.name == query_of(request).get("dialect"))
    return (
        next(forced, None)
        or next(asked, None)
        or next(dialect for dialect in DIALECTS if dialect.is_announced_by(request))
    )
