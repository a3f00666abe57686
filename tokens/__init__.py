"""API keys: which models a key can see, and the API that lists them."""
