"""The tokens that may report usage, and the name under which their counts are stored."""

from pricing.models import UsageReporter
from tokens.models import RetiredKey, Token


def is_reporter(token: int) -> bool:
    return UsageReporter.objects.filter(token=token).exists()


def name_of(token: int) -> str:
    """The first key id of the token: the same after a rotation, so that a repeated report replaces the earlier one."""
    retired = RetiredKey.objects.filter(token=token).order_by("retired_at", "pk").first()
    return Token.objects.only("key_id").get(pk=token).key_id if retired is None else retired.key_id
