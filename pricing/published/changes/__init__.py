"""What changes for readers, as a list with pages: prices, and the lifecycle of models."""
