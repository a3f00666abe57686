"""Measurements, as ratios to a limit measured beside them: `python -m tests.bench`. No tests."""
