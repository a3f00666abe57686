"""Events: what happens to models, prices, tokens and imports, stored for those who are sent it."""
