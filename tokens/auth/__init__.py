"""Who is calling: keys of a request, authentication, and why a key sees a model."""
