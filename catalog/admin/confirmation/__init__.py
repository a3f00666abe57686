"""Changes and deletions that are confirmed on a page which lists their effects."""
