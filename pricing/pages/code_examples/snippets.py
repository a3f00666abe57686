"""Code examples that call a model with curl, Python and JavaScript. Imports no models.

They read the key from the variable API_KEY, so that it is in no file and in no history of a shell.
"""

from dataclasses import dataclass

from pricing.pages.code_examples.curl import curl
from pricing.pages.code_examples.endpoints import Endpoint, target_of
from pricing.pages.code_examples.javascript import javascript
from pricing.pages.code_examples.python import python

LANGUAGES = {"curl": curl, "Python": python, "JavaScript": javascript}


@dataclass(frozen=True)
class Snippet:
    language: str
    code: str


def snippets(endpoint: Endpoint, model: str, *, base: str, outputs: tuple[str, ...] = ()) -> tuple[Snippet, ...]:
    """The code examples for one endpoint of a model with these output types; none if its format is not known.

    `base` is the address of the gateway without a slash at the end.
    """
    target = target_of(endpoint, model, base=base, outputs=outputs)
    return () if target is None else tuple(Snippet(name, write(target)) for name, write in LANGUAGES.items())
