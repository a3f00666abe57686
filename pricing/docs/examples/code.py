"""The code examples of a request in each language."""

from collections.abc import Mapping

from pricing.docs.examples.curl import curl
from pricing.docs.examples.javascript import javascript
from pricing.docs.examples.python import python
from pricing.docs.examples.requests import Request

LANGUAGES = {"curl": curl, "Python": python, "JavaScript": javascript}


def code_of(request: Request, base: str) -> Mapping[str, str]:
    """Language -> the example; `base` is the address of the service without a slash at the end."""
    return {language: write(request, base) for language, write in LANGUAGES.items()}
