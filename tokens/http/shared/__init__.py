"""Bytes that the workers of one machine share: rendered by one of them, used by all."""
