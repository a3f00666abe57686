"""How rows are stored: the revision, histories, bulk writes, exact columns and locks. Knows no table by name."""
