"""Prices over HTTP: the price list, quotes, history, changes, exports and the documentation."""
