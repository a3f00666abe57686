"""The admin of events: their deliveries, and what was not delivered."""

from tokens.admin.events import deliveries

__all__ = ["deliveries"]
