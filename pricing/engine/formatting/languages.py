"""The languages of the public pages, and the codes by which browsers, addresses and settings name them.

Imports no models and no settings.
"""

import re

# Code in Django -> name in its own language.
LANGUAGES = (("en", "English"), ("zh-hans", "中文"))
# Code in addresses -> code in `lang` and `hreflang`.
CODES = {"en": "en", "zh": "zh-Hans"}
CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
# First part of a code -> the language. `cn` is a country, but many write it for its language.
BY_FIRST_PART = {"en": "en", "zh": "zh-hans", "cn": "zh-hans"}


def language_named(code: str) -> str:
    """The language for a code such as zh, zh-CN, zh_TW, zh-Hans-CN, cn or en_US; empty for any other text."""
    code = code.strip().lower().replace("_", "-")
    return BY_FIRST_PART.get(code.partition("-")[0], "") if CODE.fullmatch(code) else ""


def short(language: str) -> str:
    """The code of a language in addresses: zh for zh-hans."""
    return language.partition("-")[0]


def html_code(language: str) -> str:
    """The code of a language in `lang` and `hreflang`: zh-Hans for zh-hans."""
    return CODES[short(language)]


def gap(language: str) -> str:
    """What is between two sentences: nothing in Chinese."""
    return "" if short(language) == "zh" else " "
