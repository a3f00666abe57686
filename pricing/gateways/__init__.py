"""Migration from another gateway: its database becomes channels, groups, tokens, models and prices."""
