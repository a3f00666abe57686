"""The tables of tokens: groups, tokens, the keys that tokens had before, and the peppers of keys."""

from tokens.models.groups import TokenGroup
from tokens.models.peppers import Pepper, WrongPepperError
from tokens.models.retired_keys import RetiredKey
from tokens.models.tokens import STATES, KeyReplacedError, Token

__all__ = ["STATES", "KeyReplacedError", "Pepper", "RetiredKey", "Token", "TokenGroup", "WrongPepperError"]
