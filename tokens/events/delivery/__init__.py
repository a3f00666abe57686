"""Delivery of events: to addresses with signatures, by mail, and to chats, again and again until they arrive."""
