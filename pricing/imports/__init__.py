"""Imports end to end: plan, review, apply, schedule and roll back."""
