"""What exists: vendors, endpoint types, channels, models, offers, and what was imported from where."""
