"""Moving in from another gateway: its database, read once, becomes channels, groups, tokens, models and prices."""
