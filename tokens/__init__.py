"""Who may see what, and the API that answers it."""
