"""The admin of who may see what. Django finds the pages here; each module registers its own."""

from tokens.admin import groups, operators, tokens

__all__ = ["groups", "operators", "tokens"]
