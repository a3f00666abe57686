"""The tables of tokens: groups and releases to them, tokens with former keys and refusals, operators, and events."""

from tokens.models.admin_keys import SCOPES, AdminKey, KeyHolder
from tokens.models.events import Delivery, Event
from tokens.models.groups import TokenGroup
from tokens.models.operators import BuiltInRole, OperatorGroups
from tokens.models.peppers import Pepper, WrongPepperError
from tokens.models.refusals import LastRefusal
from tokens.models.releases import ModelRelease
from tokens.models.retired_keys import RetiredKey
from tokens.models.tokens import STATES, KeyReplacedError, Token
from tokens.models.webhooks import Webhook

__all__ = [
    "SCOPES",
    "STATES",
    "AdminKey",
    "BuiltInRole",
    "Delivery",
    "Event",
    "KeyHolder",
    "KeyReplacedError",
    "LastRefusal",
    "ModelRelease",
    "OperatorGroups",
    "Pepper",
    "RetiredKey",
    "Token",
    "TokenGroup",
    "Webhook",
    "WrongPepperError",
]
