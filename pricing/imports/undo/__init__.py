"""Undoes changes according to their history rows: what one request or one import run wrote."""
