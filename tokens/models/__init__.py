"""The tables of tokens: groups, tokens, and the keys that tokens had before."""

from tokens.models.groups import TokenGroup
from tokens.models.retired_keys import RetiredKey
from tokens.models.tokens import STATES, KeyReplacedError, Token

__all__ = ["STATES", "KeyReplacedError", "RetiredKey", "Token", "TokenGroup"]
