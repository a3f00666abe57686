"""The keys of a gateway: their patterns here, and what they can do there and here."""
