"""The overview of the admin: what needs attention, what is coming up, usage, and margins."""
