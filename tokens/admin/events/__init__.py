"""The admin of events: webhooks, the stored events, and their deliveries."""

from tokens.admin.events import deliveries, events, webhooks

__all__ = ["deliveries", "events", "webhooks"]
