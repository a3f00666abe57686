"""The page that shows several models side by side."""
