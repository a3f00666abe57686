"""The admin of tokens, groups and operators. Django imports this package; each module registers its own pages."""

from tokens.admin import admin_keys, events, groups, models, operators, sign_in, tokens

__all__ = ["admin_keys", "events", "groups", "models", "operators", "sign_in", "tokens"]
