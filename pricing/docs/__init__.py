"""The documentation of the whole HTTP API: the OpenAPI document, and a page for people."""
