"""Reads the audit trail: verifies, describes and exports it."""
