"""The types of events and the shapes of their data; no models."""
