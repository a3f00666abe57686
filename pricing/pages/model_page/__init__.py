"""The public page of one model."""
