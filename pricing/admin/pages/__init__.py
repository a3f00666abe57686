"""Pages of the admin that are about many tables."""
