"""Measurements, as fractions of a limit measured at the same time: `python -m tests.bench`. No tests."""
