"""The tables of tokens: groups and releases of models to them, tokens, the keys that these had before, and peppers."""

from tokens.models.groups import TokenGroup
from tokens.models.peppers import Pepper, WrongPepperError
from tokens.models.releases import ModelRelease
from tokens.models.retired_keys import RetiredKey
from tokens.models.tokens import STATES, KeyReplacedError, Token

__all__ = [
    "STATES",
    "KeyReplacedError",
    "ModelRelease",
    "Pepper",
    "RetiredKey",
    "Token",
    "TokenGroup",
    "WrongPepperError",
]
