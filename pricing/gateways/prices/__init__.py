"""The price of each model of a gateway, in the notation of price lists. Imports no models."""
