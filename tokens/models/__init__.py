"""The tables of tokens: groups, releases of models to them, tokens, their former keys, last refusals, and peppers."""

from tokens.models.groups import TokenGroup
from tokens.models.peppers import Pepper, WrongPepperError
from tokens.models.refusals import LastRefusal
from tokens.models.releases import ModelRelease
from tokens.models.retired_keys import RetiredKey
from tokens.models.tokens import STATES, KeyReplacedError, Token

__all__ = [
    "STATES",
    "KeyReplacedError",
    "LastRefusal",
    "ModelRelease",
    "Pepper",
    "RetiredKey",
    "Token",
    "TokenGroup",
    "WrongPepperError",
]
