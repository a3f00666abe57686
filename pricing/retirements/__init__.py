"""Retirements: which models end, for whom, what replaces them, and what that costs."""
