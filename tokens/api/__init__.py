"""The API about models and keys: lists, single models, the caller's own key, and the check for gateways."""
