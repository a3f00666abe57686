"""How people and gateways write names: those of groups, and lists of names. Imports no models."""
