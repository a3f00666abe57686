"""Prices in the notation of new-api and its family: ratios and billing expressions. Pure."""
