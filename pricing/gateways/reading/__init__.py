"""A gateway's database as plain values: which program wrote it, and its rows. Imports no models."""
