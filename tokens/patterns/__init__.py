"""The patterns of keys: how they are written, and which models they match. Imports no models."""
