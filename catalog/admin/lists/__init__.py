"""What every list of the admin has: export as CSV, and filters that operators save under a name."""
