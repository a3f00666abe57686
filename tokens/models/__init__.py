"""The tables of tokens: groups and releases to them, tokens with former keys and refusals, limits of operators."""

from tokens.models.groups import TokenGroup
from tokens.models.operators import BuiltInRole, OperatorGroups
from tokens.models.peppers import Pepper, WrongPepperError
from tokens.models.refusals import LastRefusal
from tokens.models.releases import ModelRelease
from tokens.models.retired_keys import RetiredKey
from tokens.models.tokens import STATES, KeyReplacedError, Token

__all__ = [
    "STATES",
    "BuiltInRole",
    "KeyReplacedError",
    "LastRefusal",
    "ModelRelease",
    "OperatorGroups",
    "Pepper",
    "RetiredKey",
    "Token",
    "TokenGroup",
    "WrongPepperError",
]
