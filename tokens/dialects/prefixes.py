"""The prefixes of the lists: base URLs as people compose them, with the names of programs and versions.

Upper and lower case and double slashes make no difference. Addresses with several versions do not exist, because the
calls of a client with such a base URL would fail too.
"""

import re

OWN = "api"
PROGRAMS = ("openai", "anthropic", "gemini")
VERSIONS = ("v1", "v1beta", "v1alpha")


def in_any_case(*words: str) -> str:
    """An expression for these words; without flags, because Django's resolver cannot reverse them."""
    return "|".join(
        "".join(f"[{sign}{sign.upper()}]" if sign.isalpha() else re.escape(sign) for sign in word) for word in words
    )


# Azure's clients append the list to the address of a deployment.
PREFIX = (
    rf"(?:(?:{in_any_case(OWN)})/+)?(?:(?:{in_any_case(*PROGRAMS)})/+(?:deployments/+[^/]+/+)?)?"
    rf"(?:(?:{in_any_case(*VERSIONS)})/+)?(?:{in_any_case('openai')}/+)?"
)
LIST = rf"^/*{PREFIX}{in_any_case('models')}/*$"
# Without a prefix, the address of a model is also that of its page.
MODEL = rf"^/*(?!models/){PREFIX}{in_any_case('models')}/+(?P<name>.+)$"
TUNED_MODELS = rf"^/*{PREFIX}{in_any_case('tuned')}{in_any_case('models')}/*$"
WORDS = re.compile(rf"(?i)(?:/+(?:{'|'.join([OWN, *PROGRAMS, *VERSIONS, 'tunedModels'])})(?=/|$))*")


def prefix_words(path: str) -> list[str]:
    """The names of programs and versions at the start of a path, in lower case."""
    match = WORDS.match(path)
    return [word for word in match.group().lower().split("/") if word] if match else []
