"""Code that calls a model, for each endpoint type."""
