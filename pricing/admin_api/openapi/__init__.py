"""The management API in the OpenAPI document, by drf-spectacular."""
